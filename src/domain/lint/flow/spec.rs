//! Required and allowed fields of each component. Source: Cloud API, part 6.3.

/// A version by its parts, so that 1.10 follows 1.9.
pub(super) type Version = (u32, u32);

/// The specification of a component.
pub(super) struct Spec {
    pub kind: &'static str,
    pub since: Version,
    pub required: &'static [&'static str],
    pub known: &'static [&'static str],
    /// Actions that the component supports, under any action key.
    pub actions: &'static [&'static str],
}

const TEXT: &[&str] = &["text", "font-weight", "strikethrough", "markdown"];
const CHOICE: &[&str] = &[
    "name",
    "label",
    "data-source",
    "required",
    "error-message",
    "init-value",
    "description",
    "min-selected-items",
    "max-selected-items",
    "on-select-action",
    "on-unselect-action",
    "media-size",
    "helper-text",
];
const INPUT: &[&str] = &[
    "name",
    "label",
    "required",
    "helper-text",
    "error-message",
    "init-value",
    "input-type",
    "min-chars",
    "max-chars",
    "pattern",
    "label-variant",
    "max-length",
];
const PICK: &[&str] = &["data_exchange", "update_data"];
const CLICK: &[&str] = &["navigate", "data_exchange", "open_url"];

const fn spec(
    kind: &'static str,
    since: Version,
    required: &'static [&'static str],
    known: &'static [&'static str],
    actions: &'static [&'static str],
) -> Spec {
    Spec { kind, since, required, known, actions }
}

/// Specifications of all components.
pub(super) const SPECS: &[Spec] = &[
    spec("TextHeading", (1, 0), &["text"], TEXT, &[]),
    spec("TextSubheading", (1, 0), &["text"], TEXT, &[]),
    spec("TextBody", (1, 0), &["text"], TEXT, &[]),
    spec("TextCaption", (1, 0), &["text"], TEXT, &[]),
    spec("RichText", (5, 1), &["text"], TEXT, &[]),
    spec("TextInput", (1, 0), &["label", "name"], INPUT, &[]),
    spec("TextArea", (1, 0), &["label", "name"], INPUT, &[]),
    spec("CheckboxGroup", (1, 0), &["name", "data-source"], CHOICE, PICK),
    spec("RadioButtonsGroup", (1, 0), &["name", "data-source"], CHOICE, PICK),
    spec("Dropdown", (1, 0), &["name", "label", "data-source"], CHOICE, PICK),
    spec("ChipsSelector", (6, 3), &["name", "label", "data-source"], CHOICE, PICK),
    spec(
        "OptIn",
        (1, 0),
        &["name", "label"],
        &["name", "label", "required", "init-value", "on-click-action", "on-select-action", "on-unselect-action"],
        &["navigate", "data_exchange", "open_url", "update_data"],
    ),
    spec("EmbeddedLink", (1, 0), &["text", "on-click-action"], &["text", "on-click-action"], CLICK),
    spec(
        "DatePicker",
        (1, 0),
        &["name", "label"],
        &[
            "name",
            "label",
            "required",
            "helper-text",
            "error-message",
            "init-value",
            "min-date",
            "max-date",
            "unavailable-dates",
            "on-select-action",
        ],
        &["data_exchange"],
    ),
    spec(
        "CalendarPicker",
        (6, 1),
        &["name", "label"],
        &[
            "name",
            "label",
            "title",
            "description",
            "mode",
            "required",
            "helper-text",
            "error-message",
            "init-value",
            "min-date",
            "max-date",
            "unavailable-dates",
            "include-days",
            "min-days",
            "max-days",
            "on-select-action",
        ],
        PICK,
    ),
    spec("Image", (1, 0), &["src"], &["src", "width", "height", "scale-type", "aspect-ratio", "alt-text"], &[]),
    spec("ImageCarousel", (7, 1), &["images"], &["images", "aspect-ratio", "scale-type"], &[]),
    spec(
        "NavigationList",
        (6, 2),
        &["name", "list-items"],
        &["name", "list-items", "label", "description", "media-size", "on-click-action"],
        &["navigate", "data_exchange"],
    ),
    spec(
        "Footer",
        (1, 0),
        &["label", "on-click-action"],
        &["label", "left-caption", "center-caption", "right-caption", "on-click-action"],
        &["navigate", "data_exchange", "complete"],
    ),
    spec("Form", (1, 0), &["name", "children"], &["name", "children", "init-values", "error-messages"], &[]),
    spec("If", (4, 0), &["condition", "then"], &["condition", "then", "else"], &[]),
    spec("Switch", (4, 0), &["value", "cases"], &["value", "cases"], &[]),
    spec(
        "PhotoPicker",
        (4, 0),
        &["name", "label"],
        &[
            "name",
            "label",
            "description",
            "photo-source",
            "max-file-size-kb",
            "min-uploaded-photos",
            "max-uploaded-photos",
            "error-message",
        ],
        &[],
    ),
    spec(
        "DocumentPicker",
        (4, 0),
        &["name", "label"],
        &[
            "name",
            "label",
            "description",
            "max-file-size-kb",
            "min-uploaded-documents",
            "max-uploaded-documents",
            "allowed-mime-types",
            "error-message",
        ],
        &[],
    ),
];

/// Returns the specification of a component; `None` if it is unknown.
pub(super) fn of(kind: &str) -> Option<&'static Spec> {
    SPECS.iter().find(|spec| spec.kind == kind)
}

/// Returns `true` for components with an input value.
pub(super) fn is_input(kind: &str) -> bool {
    matches!(
        kind,
        "TextInput"
            | "TextArea"
            | "CheckboxGroup"
            | "RadioButtonsGroup"
            | "Dropdown"
            | "ChipsSelector"
            | "OptIn"
            | "DatePicker"
            | "CalendarPicker"
            | "PhotoPicker"
            | "DocumentPicker"
    )
}

/// Returns `true` for components that upload files.
pub(super) fn is_picker(kind: &str) -> bool {
    matches!(kind, "PhotoPicker" | "DocumentPicker")
}

/// Fields that a later version added to a component.
pub(super) const KEYS_SINCE: &[(&str, &str, Version)] = &[
    ("TextBody", "markdown", (5, 1)),
    ("TextCaption", "markdown", (5, 1)),
    ("TextInput", "pattern", (6, 2)),
    ("TextInput", "label-variant", (7, 0)),
    ("TextArea", "label-variant", (7, 0)),
    ("CheckboxGroup", "media-size", (5, 0)),
    ("RadioButtonsGroup", "media-size", (5, 0)),
    ("CheckboxGroup", "on-unselect-action", (6, 0)),
    ("RadioButtonsGroup", "on-unselect-action", (6, 0)),
];

/// Allowed values of fields.
pub(super) const ENUMS: &[(&str, &str, &[&str])] = &[
    ("TextInput", "input-type", &["text", "number", "email", "password", "passcode", "phone"]),
    ("TextInput", "label-variant", &["large"]),
    ("TextArea", "label-variant", &["large"]),
    ("TextBody", "font-weight", &["bold", "italic", "bold_italic", "normal"]),
    ("TextCaption", "font-weight", &["bold", "italic", "bold_italic", "normal"]),
    ("CheckboxGroup", "media-size", &["regular", "large"]),
    ("RadioButtonsGroup", "media-size", &["regular", "large"]),
    ("NavigationList", "media-size", &["regular", "large"]),
    ("Image", "scale-type", &["cover", "contain"]),
    ("ImageCarousel", "scale-type", &["cover", "contain"]),
    ("ImageCarousel", "aspect-ratio", &["4:3", "16:9"]),
    ("CalendarPicker", "mode", &["single", "range"]),
    ("PhotoPicker", "photo-source", &["camera_gallery", "camera", "gallery"]),
];

/// Maximum lengths of texts in characters.
pub(super) const LENGTHS: &[(&str, &str, usize)] = &[
    ("TextHeading", "text", 80),
    ("TextSubheading", "text", 80),
    ("TextBody", "text", 4_096),
    ("TextCaption", "text", 409),
    ("TextInput", "label", 20),
    ("TextInput", "helper-text", 80),
    ("TextInput", "error-message", 30),
    ("TextArea", "label", 20),
    ("TextArea", "helper-text", 80),
    ("CheckboxGroup", "label", 30),
    ("CheckboxGroup", "description", 300),
    ("RadioButtonsGroup", "label", 30),
    ("RadioButtonsGroup", "description", 300),
    ("Dropdown", "label", 20),
    ("ChipsSelector", "label", 80),
    ("ChipsSelector", "description", 300),
    ("OptIn", "label", 120),
    ("EmbeddedLink", "text", 25),
    ("DatePicker", "label", 40),
    ("DatePicker", "helper-text", 80),
    ("DatePicker", "error-message", 80),
    ("CalendarPicker", "label", 40),
    ("CalendarPicker", "title", 80),
    ("CalendarPicker", "description", 300),
    ("NavigationList", "label", 80),
    ("NavigationList", "description", 300),
    ("Footer", "label", 35),
    ("Footer", "left-caption", 15),
    ("Footer", "center-caption", 15),
    ("Footer", "right-caption", 15),
    ("PhotoPicker", "label", 80),
    ("PhotoPicker", "description", 300),
    ("DocumentPicker", "label", 80),
    ("DocumentPicker", "description", 300),
];

/// Pairs of fields of which the first may not exceed the second.
pub(super) const PAIRS: &[(&str, &str)] = &[
    ("min-chars", "max-chars"),
    ("min-selected-items", "max-selected-items"),
    ("min-uploaded-photos", "max-uploaded-photos"),
    ("min-uploaded-documents", "max-uploaded-documents"),
    ("min-days", "max-days"),
    ("min-date", "max-date"),
];

/// MIME types that a document picker can request. Source: Cloud API, appendix B.
pub(super) const MIME_TYPES: &str = " application/gzip application/msword application/pdf application/vnd.ms-excel application/vnd.ms-powerpoint application/vnd.oasis.opendocument.presentation application/vnd.oasis.opendocument.spreadsheet application/vnd.oasis.opendocument.text application/vnd.openxmlformats-officedocument.presentationml.presentation application/vnd.openxmlformats-officedocument.spreadsheetml.sheet application/vnd.openxmlformats-officedocument.wordprocessingml.document application/x-7z-compressed application/zip image/avif image/gif image/heic image/heif image/jpeg image/png image/tiff image/webp text/plain video/mp4 video/mpeg ";

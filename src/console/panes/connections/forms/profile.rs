//! The form for the business profile that contacts see.

use crate::console::overlays::form_kind::{Field, Filled, FormKind, Submission, field};
use crate::console::user_error::UserError;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::number::{NumberRequest, Profile};
use crate::domain::request::Request;
use crate::domain::text::Untrusted;

/// Changes the business profile of a number.
#[derive(Debug)]
pub(in crate::console) struct ProfileForm {
    pub connection: ConnectionId,
    pub profile: Box<Profile>,
}

impl FormKind for ProfileForm {
    fn title(&self) -> String {
        "Business profile".to_owned()
    }

    fn fields(&self) -> Vec<Field> {
        let profile = &self.profile;
        let websites: Vec<&str> = profile.websites.iter().map(Untrusted::as_received).collect();
        vec![
            field("about", "About", "one line, up to 139 characters", profile.about.as_received()),
            field("address", "Address", "", profile.address.as_received()),
            field("description", "Description", "up to 512 characters", profile.description.as_received()),
            field("email", "Mail", "", profile.email.as_received()),
            field("websites", "Websites", "up to two", &websites.join(" ")),
            field("vertical", "Business", "HEALTH, RETAIL, EDU … or OTHER", &profile.vertical),
        ]
    }

    fn about(&self) -> String {
        self.connection.to_string()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let profile = Profile {
            about: filled.text("about").into(),
            address: filled.text("address").into(),
            description: filled.text("description").into(),
            email: filled.text("email").into(),
            websites: filled.list("websites").into_iter().map(Into::into).collect(),
            vertical: filled.text("vertical").to_ascii_uppercase(),
            picture_url: self.profile.picture_url.clone(),
        };
        profile.check()?;
        let (connection, profile) = (self.connection, Box::new(profile));
        Ok(Submission::Perform(Request::Number(NumberRequest::SaveProfile { connection, profile })))
    }
}

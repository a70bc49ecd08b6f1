//! What can always be picked from.

/// What can be put on a message, with words to find it by.
pub(in crate::console) const EMOJI: [(&str, &str); 24] = [
    ("👍", "thumbs up yes ok"),
    ("❤️", "heart love"),
    ("😂", "tears of joy laugh"),
    ("😮", "wow surprised"),
    ("😢", "sad cry"),
    ("🙏", "thanks please"),
    ("✅", "done check"),
    ("❌", "no cross"),
    ("👀", "looking eyes"),
    ("🎉", "party congratulations"),
    ("🔥", "fire"),
    ("💯", "hundred"),
    ("👏", "applause"),
    ("🤝", "deal handshake"),
    ("😊", "smile"),
    ("😍", "love eyes"),
    ("🤔", "thinking"),
    ("👌", "ok hand"),
    ("💪", "strong"),
    ("📦", "parcel order"),
    ("⏳", "wait hourglass"),
    ("☎️", "phone call"),
    ("🌹", "rose"),
    ("👎", "thumbs down no"),
];

/// What else can be sent, with what it is for.
pub(in crate::console) const KINDS: [(&str, &str, &str); 9] = [
    ("file", "File", "image, video, audio, document or sticker, by path"),
    ("buttons", "Buttons", "a question with one to three answers"),
    ("list", "List", "a question with up to ten answers"),
    ("link", "Link button", "text with a button that opens a URL"),
    ("place", "Location", "a location on the map"),
    ("ask", "Request a location", "a button that sends their location"),
    ("card", "Contact card", "a name and a number"),
    ("catalogue", "Catalog", "a button that opens the catalog"),
    ("products", "Products", "one or several of the catalog"),
];

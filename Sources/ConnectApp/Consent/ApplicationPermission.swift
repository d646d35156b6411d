import Grants

/// A permission of an application at Microsoft Graph: it counts for every mailbox of the organisation, and nobody signs in.
struct ApplicationPermission: Hashable {
    /// Microsoft's name for it.
    let name: String
    /// nil for one that we have no words for.
    let words: String?

    init(_ scope: String) {
        name = scope.split(separator: "/").last.map(String.init) ?? scope
        words = ApplicationPermission.words[Scope(scope).normalized]
    }

    private static let words = [
        "mail.read": "Read the mail of everybody",
        "mail.readbasic": "See senders, recipients and subjects of everybody’s mail, not the text",
        "mail.readbasic.all": "See senders, recipients and subjects of everybody’s mail, not the text",
        "mail.readwrite": "Read, write, move and delete the mail of everybody",
        "mail.send": "Send mail as anybody",
        "mailboxsettings.read": "See the mailbox settings of everybody",
        "mailboxsettings.readwrite": "See and change the mailbox settings of everybody",
        "calendars.read": "See the calendars of everybody",
        "calendars.readwrite": "See and change the calendars of everybody",
        "contacts.read": "See the contacts of everybody",
        "contacts.readwrite": "See and change the contacts of everybody",
        "user.read.all": "See everybody’s profile: name, address, position",
        "people.read.all": "See whom people work with",
        "place.read.all": "See rooms and places",
        "onlinemeetings.readwrite.all": "See and make online meetings for everybody",
        ".default": "Everything that the app is registered for at Microsoft",
    ]
}

extension AccessProfile.Ability {
    /// What software can do, as an item of a list.
    var words: String {
        switch self {
        case .readMail: "Read your mail"
        case .writeDrafts: "Write drafts"
        case .sendMail: "Send mail as you"
        case .organizeMail: "Organize your mail"
        }
    }

    var detail: String {
        switch self {
        case .readMail: "Messages, attachments and folders"
        case .writeDrafts: "Prepared messages in your drafts folder"
        case .sendMail: "Messages that come from your address"
        case .organizeMail: "Move, label, mark as read, put into the trash"
        }
    }

    /// In the middle of a sentence: "it could also …".
    var phrase: String {
        switch self {
        case .readMail: "read your mail"
        case .writeDrafts: "write drafts"
        case .sendMail: "send mail as you"
        case .organizeMail: "organize your mail"
        }
    }
}

/// "a", "a and b", "a, b and c".
func enumeration(_ parts: [String]) -> String {
    guard let last = parts.last, parts.count > 1 else { return parts.first ?? "" }
    return parts.dropLast().joined(separator: ", ") + " and " + last
}

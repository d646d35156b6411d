import Grants

extension Provider {
    /// One or two letters for a plain tile; the logos belong to others.
    var tile: String {
        switch self {
        case .google: "G"
        case .microsoft: "M"
        case .yahoo: "Y"
        case .icloud: "iC"
        case .imap: "@"
        case .ews: "Ex"
        }
    }

    /// What people call their mailbox there.
    var mailboxes: String {
        switch self {
        case .google: "Gmail, Google Workspace"
        case .microsoft: "Outlook, Microsoft 365"
        case .yahoo: "Yahoo Mail"
        case .icloud: "iCloud Mail from Apple"
        case .imap: "Any other mail server"
        case .ews: "Your company’s own server"
        }
    }

    /// How a person ends the connection without us.
    ///
    /// - Parameter brand: the company, under whose name or Nylas's the provider lists the connection.
    static func ending(at provider: Provider?, brand: String) -> String {
        switch provider {
        case .google:
            "Open your Google Account, choose Security, then your connections to third-party apps and services. "
                + "Choose \(brand) or Nylas there, and remove its access."
        case .microsoft:
            "Open your Microsoft account and look for the apps and services with access to your data. Choose \(brand) or "
                + "Nylas there, and remove it. With an account of work or school, your administrator can do it too."
        case .yahoo:
            "Open your Yahoo account, choose Security, then the connected apps. Choose \(brand) or Nylas there, and remove it."
        case .icloud:
            "Sign in to your Apple Account, choose app-specific passwords, and remove the one that you made for this."
        case .imap:
            "Remove the app password that you used, or change the password of the mailbox."
        case .ews:
            "Change the password of the mailbox, or ask your administrator."
        case nil:
            "In the security settings of your mail provider, remove \(brand) or Nylas from the apps with access. If you used "
                + "a password, change it."
        }
    }
}

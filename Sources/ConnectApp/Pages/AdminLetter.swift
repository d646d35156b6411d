import Grants
import HTTPSemantics
import Web

/// A text for the person's administrator, ready to be forwarded: who asks, for what, and where it is approved. No secret is in it.
struct AdminLetter {
    let subject: String
    let text: String

    /// - Parameter scopes: as they were asked for; identity scopes need nobody's approval.
    init(provider: Provider?, brand: ConnectSettings.Brand, publicURL: String, scopes: [String], reference: String) {
        let place =
            switch provider {
            case .microsoft:
                "In the Microsoft Entra admin center: Enterprise applications, then the application that the sign-in page named, "
                    + "then Permissions, then “Grant admin consent”. If requests are switched on, it also waits under “Admin consent "
                    + "requests”."
            case .google:
                "In the Google Admin console: Security, Access and data control, API controls, then “Manage third-party app access”: "
                    + "allow the application that the sign-in page named."
            default:
                "Where your organization decides which applications may use its mailboxes."
            }
        let asked = scopes.filter { !Scope($0).isOfIdentity }
        let permissions = Permission.list(from: asked).map(\.words)
        let wanted = permissions.isEmpty ? [] : ["What it is to be able to do: \(permissions.joined(separator: "; "))"]
        let names = asked.isEmpty ? [] : ["The permissions by name (delegated): \(asked.joined(separator: " "))"]
        let contact = brand.supportAddress.map { ["Questions: \($0)"] } ?? []
        let lines =
            [
                "Hello,", "",
                "I would like to connect my mailbox to \(brand.name), and our organization asks for an administrator’s approval first.",
                "",
                "Who asks: \(brand.name), at \(publicURL). The connection is made through the service Nylas, whose name or "
                    + "\(brand.name)’s is the application’s.",
            ] + wanted + names
            + [
                "Where to approve it: \(place)",
                "It needs an administrator of the organization that my mailbox belongs to.",
            ]
            + contact + ["Reference: \(reference)", "", "Afterwards I can connect by myself. Thank you!"]
        subject = "Please allow \(brand.name) for my mailbox"
        text = lines.joined(separator: "\n")
    }

    func html() -> HTML {
        let link =
            "mailto:?subject=\(PercentCoding.encodeComponent(subject))&body=\(PercentCoding.encodeComponent(text))"
        return """
            <h2>A text for your administrator</h2>
            <p class="field"><label for="letter">Copy it, or <a href="\(address: link)">write it as an email</a></label>
            <textarea id="letter" readonly rows="12">\(text)</textarea></p>

            """
    }
}

extension Scope {
    /// Only says who somebody is, or keeps them signed in.
    fileprivate var isOfIdentity: Bool {
        ["openid", "profile", "email", "offline_access", "user.read", "userinfo.email", "userinfo.profile"].contains(
            normalized
        )
    }
}

package import Cryptography
package import HTTPSemantics

extension ConnectConfiguration {
    /// Where events are posted to: a place of the host app's.
    package struct WebhookTarget: Sendable {
        package var name: String
        package var origin: HTTPOrigin
        package var pathAndQuery: String
        /// The first and those before it: each signs.
        package var keys: [Secret<[UInt8]>]
    }

    /// The variable that holds a target's secret where no file does: `POSTERN_WEBHOOK_SECRET_CRM`.
    package static func webhookSecretVariable(of name: String) -> String {
        "POSTERN_WEBHOOK_SECRET_"
            + String(name.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
    }

    static func readWebhookTargets(_ reader: inout ConfigurationReader) -> [WebhookTarget] {
        var targets: [WebhookTarget] = []
        var variables: Set<String> = []
        for (index, place) in reader.list(Keys.webhookTargets).enumerated() {
            let subject = "webhooks.targets[\(index)]"
            let variable = webhookSecretVariable(of: place.name)
            guard variables.insert(variable).inserted else {
                reader.conflict("\(subject).name", "is the name of another target, or too like it: choose another one.")
                continue
            }
            let advice =
                "must be whsec_ and the base64 of 24 to 64 random bytes, for example from: "
                + "echo \"whsec_$(openssl rand -base64 32)\"; while one is changed for another, both, on two lines."
            let (name, text) =
                if let file = place.secretFile {
                    ("\(subject).secretFile", reader.text(ofFile: file, for: "\(subject).secretFile"))
                } else { (variable, reader.secret(variable)) }
            guard let text else {
                if place.secretFile == nil {
                    reader.conflict(name, "is missing. Set it, or \(variable)_FILE, or secretFile of the target.")
                }
                continue
            }
            guard let keys = webhookKeys(in: text) else {
                reader.conflict(name, advice)
                continue
            }
            targets.append(
                WebhookTarget(name: place.name, origin: place.origin, pathAndQuery: place.pathAndQuery, keys: keys)
            )
        }
        return targets
    }

    /// The secret that Nylas signs notifications with, and the one before; nil if notifications are not received.
    static func readNotificationKeys(_ reader: inout ConfigurationReader) -> [Secret<[UInt8]>]? {
        let text = reader.secret("NYLAS_WEBHOOK_SECRET")
        let isOn = reader.value(
            Keys.nylasWebhooks,
            default: text != nil,
            shownAs: text == nil ? "false" : "true"
        )
        guard isOn else { return nil }
        let secrets = parts(of: text ?? "")
        guard secrets.allSatisfy({ $0.utf8.count >= 8 && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }) else {
            reader.conflict(
                "NYLAS_WEBHOOK_SECRET",
                "must be what Nylas answered when the webhook was made; while it is changed, both, separated by a comma."
            )
            return nil
        }
        return secrets.map { Secret(Array($0.utf8)) }
    }

    /// - Returns: nil unless there is one and every one is `whsec_` and base64 of 24 to 64 bytes (Standard Webhooks).
    static func webhookKeys(in text: String) -> [Secret<[UInt8]>]? {
        let secrets = parts(of: text)
        let keys = secrets.compactMap { secret -> Secret<[UInt8]>? in
            guard secret.hasPrefix("whsec_") else { return nil }
            var encoded = secret.dropFirst(6).replacing("+", with: "-").replacing("/", with: "_")[...]
            while encoded.hasSuffix("=") { encoded.removeLast() }
            guard let key = Base64.decodeURL(String(encoded)), (24...64).contains(key.count) else { return nil }
            return Secret(key)
        }
        return keys.isEmpty || keys.count < secrets.count ? nil : keys
    }

    private static func parts(of text: String) -> [String] {
        text.split { $0 == "," || $0 == " " || $0.isNewline }.map(String.init)
    }
}

/// A target as it stands in the file: without its secret.
struct WebhookPlace: Sendable {
    var name: String
    var origin: HTTPOrigin
    var pathAndQuery: String
    var secretFile: String?
}

extension Keys {
    static let webhookTargets = ConfigurationListKey<WebhookPlace>(
        "webhooks.targets",
        "a list of objects with name, url and, if no variable has the secret, secretFile",
        example: #"[{"name": "crm", "url": "https://crm.example.com/hooks/postern"}]"#,
        label: { "\($0.name) (\($0.origin))" }
    ) { object in
        let name = object.required(targetName)
        let place = object.required(targetURL)
        let secretFile = object.value(targetSecretFile)
        guard let name, let place else { return nil }
        return WebhookPlace(
            name: name,
            origin: place.origin,
            pathAndQuery: place.pathAndQuery,
            secretFile: secretFile
        )
    }

    static let webhookTrustedCertificates = ConfigurationKey<String>(
        "webhooks.trustedCertificates",
        "the path of a PEM file with the authorities to trust instead of the system's",
        example: "\"/etc/postern/host-ca.pem\""
    ) { $0.string }

    static let nylasWebhooks = ConfigurationKey<Bool>(
        "nylas.webhooks",
        "true (notifications of Nylas are received) or false",
        example: "true"
    ) { $0.bool }

    private static let targetName = ConfigurationKey<String>(
        "name",
        "1 to 40 letters, digits and hyphens, beginning with a letter",
        example: "\"crm\""
    ) { raw in
        raw.string.flatMap { text in
            let isName = text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
            return isName && text.utf8.count <= 40 && text.first?.isLetter == true ? text : nil
        }
    }

    private static let targetURL = ConfigurationKey<(origin: HTTPOrigin, pathAndQuery: String)>(
        "url",
        "an https address (http only of this machine), without user, password and fragment",
        example: "\"https://crm.example.com/hooks/postern\""
    ) { raw in raw.string.flatMap(webhookAddress) }

    private static let targetSecretFile = ConfigurationKey<String>(
        "secretFile",
        "the path of a file",
        example: "\"/run/secrets/crm-webhook\""
    ) { $0.string }
}

/// Splits an address into its origin and the rest; nil for what may not be posted to.
func webhookAddress(_ text: String) -> (origin: HTTPOrigin, pathAndQuery: String)? {
    let prefix = ["https://", "http://"].first { text.hasPrefix($0) }
    guard isAddressText(text), !text.utf8.contains(UInt8(ascii: "#")), let prefix else { return nil }
    let end = text.dropFirst(prefix.count).firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
    guard let origin = try? HTTPOrigin(parsing: text[..<end]), origin.scheme == .https || origin.isLoopback else {
        return nil
    }
    let rest = String(text[end...])
    return (origin, rest.hasPrefix("/") ? rest : "/" + rest)
}

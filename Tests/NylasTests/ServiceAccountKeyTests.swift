import Nylas
import Testing

/// A key of the right shape that opens nothing: a DER sequence of zeros.
func keyFile(_ changes: [String: String?] = [:]) -> [UInt8] {
    var members: [String: String] = [
        "type": #""service_account""#, "project_id": #""p""#, "private_key_id": #""k1""#,
        "private_key": "\"" + pem().replacing("\n", with: #"\n"#) + "\"",
        "client_email": #""robot@p.iam.gserviceaccount.example""#, "universe_domain": #""googleapis.com""#,
    ]
    for (name, value) in changes { members[name] = value }
    return Array(("{" + members.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",") + "}").utf8)
}

private func pem(label: String = "PRIVATE KEY", body: String = "MGQ" + String(repeating: "A", count: 133)) -> String {
    "-----BEGIN \(label)-----\n\(body.prefix(64))\n\(body.dropFirst(64))\n-----END \(label)-----\n"
}

private func quoted(_ text: String) -> String { "\"" + text.replacing("\n", with: #"\n"#) + "\"" }

@Suite("The key file of a Google service account")
struct ServiceAccountKeyTests {
    @Test func `is read, and says who it speaks for`() throws {
        let key = try ServiceAccountKey(keyFile())
        #expect(key.clientEmail == "robot@p.iam.gserviceaccount.example")
    }

    @Test func `never prints its key`() throws {
        var text = ""
        dump(try ServiceAccountKey(keyFile()), to: &text)
        #expect(!text.contains("PRIVATE"))
        #expect(!text.contains("k1"))
    }

    @Test(
        arguments: [
            ([:], "[1]", ServiceAccountKeyFault.notAnObject), ([:], "", .notAnObject), ([:], "{", .notAnObject),
            ([:], "null", .notAnObject), ([:], "{}", .notAServiceAccount),
            ([:], #"{"installed":{"client_id":"c","client_secret":"s"}}"#, .notAServiceAccount),
            (["type": #""authorized_user""#], nil, .notAServiceAccount), (["type": "7"], nil, .notAServiceAccount),
            (["private_key_id": nil], nil, .missing(member: "private_key_id")),
            (["private_key_id": #""""#], nil, .missing(member: "private_key_id")),
            (["private_key_id": "5"], nil, .missing(member: "private_key_id")),
            (["private_key": nil], nil, .missing(member: "private_key")),
            (["client_email": nil], nil, .missing(member: "client_email")),
            (["client_email": #""robot""#], nil, .clientEmail), (["client_email": #""@x""#], nil, .clientEmail),
            (["client_email": #""a@b@c""#], nil, .clientEmail), (["client_email": #""a b@c""#], nil, .clientEmail),
            (["private_key": #""secret""#], nil, .privateKey),
            (["private_key": quoted(pem(label: "PUBLIC KEY"))], nil, .privateKey),
            (["private_key": quoted(pem(label: "ENCRYPTED PRIVATE KEY"))], nil, .privateKey),
            (["private_key": quoted(pem(body: "MGQA"))], nil, .privateKey),
            (["private_key": quoted(pem(body: String(repeating: "!", count: 136)))], nil, .privateKey),
            (["private_key": quoted(pem(body: "MGQ" + String(repeating: "A", count: 129)))], nil, .privateKey),
            (["private_key": quoted(pem().replacing("-----END PRIVATE KEY-----", with: ""))], nil, .privateKey),
            (["private_key": quoted(pem() + pem())], nil, .privateKey),
        ] as [([String: String?], String?, ServiceAccountKeyFault)]
    )
    func `is refused by the rule it breaks`(
        changes: [String: String?],
        whole: String?,
        fault: ServiceAccountKeyFault
    ) {
        #expect(throws: fault) { _ = try ServiceAccountKey(whole.map { Array($0.utf8) } ?? keyFile(changes)) }
    }

    @Test func `is refused when it is too large to be one`() {
        let padding = "\"" + String(repeating: "x", count: ServiceAccountKey.limitBytes) + "\""
        #expect(throws: ServiceAccountKeyFault.notAnObject) { _ = try ServiceAccountKey(keyFile(["x": padding])) }
    }
}

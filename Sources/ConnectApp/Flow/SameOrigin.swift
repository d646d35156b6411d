import HTTPSemantics
import HTTPTypes

/// Whether a form was sent from our own page (Fetch Metadata §2.3; RFC 6454 §7).
///
/// `Sec-Fetch-Site` decides where it is there; older browsers send an `Origin`. `null` is never ours: a page of anybody can
/// send it, and so would our own with `Referrer-Policy: no-referrer`.
func isSameOrigin(_ fields: HTTPFields, publicURL: HTTPOrigin) -> Bool {
    let sites = fields[values: .secFetchSite]
    guard sites.isEmpty else { return sites == ["same-origin"] }
    return fields[values: .origin] == [publicURL.description]
}

/// Whether a Content-Type is that of a form.
func isForm(_ type: String) -> Bool {
    let form = "application/x-www-form-urlencoded"
    // What nearly all send; the other ways to write it take reading.
    return type == form || MediaType(type)?.essence == form
}

/// Whether a browser only fetches ahead, without its person having asked (Speculation Rules; `Purpose` and `X-Moz` before).
func isPreload(_ fields: HTTPFields) -> Bool {
    [.secPurpose, .purpose, .xMoz, .xPurpose].contains { !fields[values: $0].isEmpty }
}

extension HTTPField.Name {
    fileprivate static let secFetchSite = named("Sec-Fetch-Site")
    fileprivate static let secPurpose = named("Sec-Purpose")
    fileprivate static let purpose = named("Purpose")
    fileprivate static let xMoz = named("X-Moz")
    fileprivate static let xPurpose = named("X-Purpose")

    private static func named(_ literal: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(literal) else {
            preconditionFailure("\(literal) is a token, written a few lines above")
        }
        return name
    }
}

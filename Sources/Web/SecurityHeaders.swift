package import HTTPSemantics
package import HTTPTypes

/// What kind of answer it is, and with that what a browser may do with it.
package enum PagePolicy: CaseIterable, Sendable {
    /// A page with a form. Its form may lead to any https address, because Chromium applies `form-action` to every hop of the
    /// redirects that follow: Nylas, the provider, the company's own sign-in. `no-referrer` would make our own form send
    /// `Origin: null`, so it is `same-origin` here.
    case form
    /// The callback, a result or an error: nothing is sent from here, and its address is told to nobody.
    case result
    /// A redirect after a form or from the callback.
    case redirect
    /// JSON.
    case data
    /// A file of `Public/`: the same for everybody, so it may be kept.
    case asset
}

/// The fields that tell browsers what a page may not do, one set per kind of answer, made once.
///
/// Nothing here can be switched off. CSP 3, RFC 6797 (HSTS), Fetch (nosniff, CORP), HTML (COOP), Referrer Policy.
package struct SecurityHeaders: Sendable {
    private let form: FixedFields
    private let result: FixedFields
    private let redirect: FixedFields
    private let data: FixedFields
    private let asset: FixedFields

    /// - Parameter publicURL: HSTS follows its scheme.
    /// - Parameter formTargets: where forms lead, with what follows; only those on plain http matter (the sandbox, a host app on this
    ///   machine).
    package init(publicURL: HTTPOrigin, formTargets: [HTTPOrigin]) {
        func make(_ policy: PagePolicy) -> FixedFields {
            var fields: HTTPFields = [
                .contentSecurityPolicy: contentSecurityPolicy(of: policy, formTargets: formTargets),
                .xContentTypeOptions: "nosniff",
                .xFrameOptions: "DENY",
                .referrerPolicy: policy == .form ? "same-origin" : "no-referrer",
                .permissionsPolicy: closedPermissions,
                .crossOriginOpenerPolicy: "same-origin",
                .crossOriginResourcePolicy: "same-origin",
            ]
            // An asset says itself how long it may be kept.
            if policy != .asset { fields[.cacheControl] = "no-store" }
            if publicURL.scheme == .https { fields[.strictTransportSecurity] = "max-age=31536000" }
            return FixedFields(fields)
        }
        form = make(.form)
        result = make(.result)
        redirect = make(.redirect)
        data = make(.data)
        asset = make(.asset)
    }

    /// The same, with at most one place where forms lead.
    package init(publicURL: HTTPOrigin, formTarget: HTTPOrigin? = nil) {
        self.init(publicURL: publicURL, formTargets: formTarget.map { [$0] } ?? [])
    }

    package func fields(for policy: PagePolicy) -> HTTPFields {
        fixed(for: policy).fields
    }

    /// The same, for ``Response/init(status:fixed:content:routeTemplate:)``: their octets are made already.
    package func fixed(for policy: PagePolicy) -> FixedFields {
        switch policy {
        case .form: form
        case .result: result
        case .redirect: redirect
        case .data: data
        case .asset: asset
        }
    }
}

private func contentSecurityPolicy(of policy: PagePolicy, formTargets: [HTTPOrigin]) -> String {
    let formAction =
        switch policy {
        case .form:
            // `https:` covers every https origin; what is on plain http has to be named.
            (["'self'", "https:"] + formTargets.filter { $0.scheme == .http }.map(\.description)).joined(separator: " ")
        case .result, .redirect, .data, .asset: "'none'"
        }
    let sources =
        switch policy {
        case .form, .result: "default-src 'none'; style-src 'self'; img-src 'self'"
        case .redirect, .data, .asset: "default-src 'none'"
        }
    return "\(sources); form-action \(formAction); frame-ancestors 'none'; base-uri 'none'"
}

/// Every feature that Chromium offers a page, given to nobody; a name it does not know would be an error in its console.
private let closedPermissions = [
    "accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read", "clipboard-write",
    "display-capture", "encrypted-media", "fullscreen", "gamepad", "geolocation", "gyroscope", "hid",
    "identity-credentials-get", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "publickey-credentials-create", "publickey-credentials-get", "screen-wake-lock", "serial",
    "storage-access", "usb", "window-management", "xr-spatial-tracking",
].map { "\($0)=()" }.joined(separator: ", ")

extension HTTPField.Name {
    package static let crossOriginOpenerPolicy = named("Cross-Origin-Opener-Policy")
    package static let permissionsPolicy = named("Permissions-Policy")
    package static let referrerPolicy = named("Referrer-Policy")
    package static let xFrameOptions = named("X-Frame-Options")

    private static func named(_ literal: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name(literal.description) else {
            preconditionFailure("\(literal) is a token, written a few lines above")
        }
        return name
    }
}

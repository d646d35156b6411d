import HTTPSemantics
import HTTPTypes

/// What the token endpoint was sent, as JSON or as a form: one flat list of texts.
struct TokenRequest: Sendable {
    enum Purpose: Sendable {
        case exchange(code: String, redirectURI: String, codeVerifier: String?)
        case refresh(refreshToken: String)
        case grant(id: String)
    }

    let clientID: String
    let clientSecret: String?
    let purpose: Purpose

    init(_ request: Request) throws(OAuthViolation) {
        let fields = try TokenRequest.fields(of: request)
        func required(_ name: String) throws(OAuthViolation) -> String {
            guard let value = fields[name], !value.isEmpty else { throw .parameterMissing(name) }
            return value
        }
        let grantType = try required("grant_type")
        clientID = try required("client_id")
        clientSecret = fields["client_secret"]
        switch grantType {
        case "authorization_code":
            purpose = .exchange(
                code: try required("code"),
                redirectURI: try required("redirect_uri"),
                codeVerifier: fields["code_verifier"]
            )
        case "refresh_token": purpose = .refresh(refreshToken: try required("refresh_token"))
        case "client_credentials": purpose = .grant(id: try required("grant_id"))
        default: throw .grantTypeUnsupported
        }
    }

    private static func fields(of request: Request) throws(OAuthViolation) -> [String: String] {
        let type = request.head.headerFields[.contentType].flatMap { MediaType($0)?.essence }
        if type == "application/x-www-form-urlencoded" {
            guard let parameters = try? Parameters(form: request.content) else { throw .contentUnreadable }
            guard parameters.repeated.isEmpty else { throw .parameterRepeated }
            return Dictionary(uniqueKeysWithValues: parameters.names.map { ($0, parameters[$0] ?? "") })
        }
        guard type == "application/json", let members = JSON.decode(request.content)?.members else {
            throw .contentUnreadable
        }
        var fields: [String: String] = [:]
        for member in members where member.value != .null {
            // `idp_claims` of one SDK may be anything; what we read must be text.
            if let text = member.value.text { fields[member.name] = text }
        }
        return fields
    }
}

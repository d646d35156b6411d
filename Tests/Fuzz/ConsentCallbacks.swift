import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import OAuth
import TestSupport
import Timekeeping

@testable import ConnectApp

// An administrator's way back from Microsoft, once its state is ours.

private let now = Timestamp(secondsSince1970: 1_787_302_200)
private let audience: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
private let issuer = "https://api.us.nylas.com"

private let flow = StartedFlow(
    kind: .adminConsent,
    state: State(drawn: [UInt8](repeating: 1, count: 32)),
    codeVerifier: CodeVerifier(drawn: [UInt8](repeating: 2, count: 32)),
    profile: "read",
    scopes: [],
    audience: audience,
    startedAt: now
)

/// The query, as it stands behind the question mark.
func returnFromConsent(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    guard let query = try? CallbackQuery(text) else { return }
    // Every name once, in another reading than the flow's own.
    let pairs = (try? FormCoding.decode(text, limits: FormCoding.Limits(pairs: CallbackQuery.parameterLimit))) ?? []
    func value(_ name: String) -> String? {
        let values = pairs.filter { Array($0.name.utf8) == Array(name.utf8) }.map(\.value)
        require(
            values.count <= 1 && query[name] == values.first.flatMap { $0.isEmpty ? nil : $0 },
            "\(name) has two readings"
        )
        return values.first.flatMap { $0.isEmpty ? nil : $0 }
    }
    do throws(CallbackError) {
        let answer = try AdminConsentAnswer(to: flow, query, audience: audience, issuer: issuer, at: now)
        require(value("admin_consent").map { Array($0.utf8).map { $0 | 0x20 } } == Array("true".utf8), "no yes")
        require(value("error") == nil && value("code") == nil, "a yes with something else")
        require(value("iss").map { Array($0.utf8) == Array(issuer.utf8) } ?? true, "somebody else's yes")
        if let tenant = answer.claimedTenant {
            require(tenant == value("tenant") && tenant.utf8.count <= 64, "another tenant")
            require(
                tenant.utf8.allSatisfy { $0 == 0x2D || $0 == 0x2E || (0x30...0x7A).contains($0) },
                "no tenant: \(tenant)"
            )
        }
    } catch {
        if case .refused(let code) = error {
            require(value("error").map(AuthorizationErrorCode.init) == code, "another error")
            let verdict = AuthorizationRefusal.consentVerdict(
                code,
                number: query["error_code"],
                description: query["error_description"]
            )
            require(verdict != .consentReported && verdict != .connected, "a no that is a yes")
        }
    }
    // The same for nobody who asked another application, nor later.
    let later = flow.expiresAt
    require(
        (try? AdminConsentAnswer(to: flow, query, audience: [0], issuer: issuer, at: now)) == nil,
        "another's question"
    )
    require(
        (try? AdminConsentAnswer(to: flow, query, audience: audience, issuer: issuer, at: later)) == nil,
        "too late"
    )
}

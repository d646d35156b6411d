import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import Nylas
import Timekeeping
import Web

@testable import ConnectApp

/// An instance whose every text from configuration can be chosen.
func settings(
    brand: ConnectSettings.Brand = .init(
        name: "Acme",
        supportAddress: "help@acme.example",
        privacyURL: "https://acme.example/privacy"
    ),
    publicURL: HTTPOrigin = HTTPOrigin(scheme: .https, host: "connect.acme.example"),
    nylas: HTTPOrigin = HTTPOrigin(scheme: .https, host: "api.us.nylas.com"),
    isOpen: Bool = true,
    providers: [Provider] = Provider.allCases,
    offersNylasChooser: Bool = true,
    profile: AccessProfile = .read,
    isSandbox: Bool = false
) -> ConnectSettings {
    ConnectSettings(
        publicURL: publicURL,
        brand: brand,
        isOpen: isOpen,
        providers: providers,
        offersNylasChooser: offersNylasChooser,
        profile: profile,
        nylas: NylasApplication(origin: nylas, clientID: "client", apiKey: Secret("key")),
        sealingKeys: SealingKeys(current: .init(secret: Secret([UInt8](repeating: 7, count: 32)))),
        isSandbox: isSandbox
    )
}

/// The pages over the real `Public/`.
func pages(_ settings: ConnectSettings = settings()) throws -> Pages {
    let headers = SecurityHeaders(publicURL: settings.publicURL, formTarget: settings.nylas.origin)
    let assets = try StaticFiles(directory: publicDirectory, headers: headers)
    return Pages(settings: settings, assets: assets, headers: headers)
}

let publicDirectory =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Public"

func claim(provider: Provider? = .google, expectedAddress: String? = nil) -> FlowClaim {
    FlowClaim(
        flow: FlowID(state: "state"),
        kind: .connect,
        provider: provider,
        profile: "read",
        scopes: AccessProfile.read.scopes(for: provider ?? .imap),
        expectedAddress: expectedAddress,
        startedAt: Timestamp(secondsSince1970: 1_787_302_200)
    )
}

func outcome(
    _ verdict: FlowOutcome.Verdict,
    address: String? = "anna@gmail.example",
    providerName: String? = "google",
    granted: [String] = ["https://www.googleapis.com/auth/gmail.readonly", "openid"],
    missing: [String] = ["https://www.googleapis.com/auth/gmail.readonly"]
) -> FlowOutcome {
    FlowOutcome(
        verdict: verdict,
        grantID: GrantID("5f3c-grant-5f3c"),
        address: address,
        providerName: providerName,
        grantedScopes: granted,
        missingScopes: missing,
        reference: "q7K2-ref",
        answeredAt: Timestamp(secondsSince1970: 1_787_302_290)
    )
}

/// One of each problem that is no verdict.
let flowlessProblems: [Problem] = [
    .flowNotFound, .altered, .malformedCallback, .awaitingConfirmation(brand: "Acme", checkAgain: "/connected/abc"),
    .stillWorking(checkAgain: "/connected/abc"),
    .nylasTooSlow(checkAgain: "/connected/abc"), .storeUnavailable, .resultUnreadable(checkAgain: "/connected/abc"),
    .startRefused, .providerNotOffered, .tooManyStarts(.milliseconds(700)), .tooManyCallbacks(.seconds(30)),
    .linkUnreadable, .linkExpired, .disconnecting(.unreadable), .disconnecting(.expired),
    .consenting(.cancelled), .consenting(.expired),
    .consenting(.malformed), .consenting(.unreadable), .consenting(.inviteExpired), .consenting(.notFromOurPage),
    .consenting(.unavailable), .consenting(.tooMany(.seconds(5))), .disconnecting(.notFromOurPage),
    .disconnecting(.unavailable), .disconnecting(.tooMany(.seconds(5))),
]

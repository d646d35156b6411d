import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

extension FlowHarness {
    static let probe = "probe@acme.example"

    func invite(
        probe: String? = nil,
        _ change: (inout ConsentOrder) -> Void = { _ in }
    ) throws -> (said: ConsentInvite, sealed: String) {
        var order = ConsentOrder(customer: "Acme Tools", credential: "c-1")
        order.probe = probe
        change(&order)
        let invite = try order.invite(random: .system, at: wallClock.now)
        return (invite, ConsentSeal(keys: settings.sealingKeys, random: .system).seal(invite))
    }

    func consent(_ invite: ConsentInvite) async throws -> TenantConsent? {
        try await store.consent(invite.id)
    }

    /// The answer to an authentication without a person: by the documented examples without an address.
    func authenticated(status: String = "valid") -> ScriptedExchange.Answer {
        let now = wallClock.now.secondsSince1970
        return .json(
            #"{"request_id":"r","data":{"id":"\#(Self.grantID)","provider":"microsoft","scope":["Mail.Read"],"#
                + #""grant_status":"\#(status)","created_at":\#(now),"updated_at":\#(now)}}"#,
            status: 201
        )
    }

    static func refused(_ status: Int, _ type: String, provider: String? = nil) -> ScriptedExchange.Answer {
        let more = provider.map { #","provider_error":{"code":"\#($0)"}"# } ?? ""
        return .json(#"{"request_id":"r","error":{"type":"\#(type)","message":"m"\#(more)}}"#, status: status)
    }
}

extension Browser {
    /// Starts an administrator's flow and follows it to Nylas.
    func startConsent(_ sealed: String) async throws -> Started {
        let response = await post("/consent", form: "invite=\(sealed)")
        #expect(response.head.status == .seeOther)
        let query = try #require(response.location?.split(separator: "?", maxSplits: 1).last)
        let parameters = Dictionary(try FormCoding.decode(query).map { ($0.name, $0.value) }) { first, _ in first }
        return Started(
            state: try #require(parameters["state"]),
            provider: parameters["provider"],
            parameters: parameters
        )
    }
}

extension Started {
    /// Microsoft's yes.
    func consented(_ rest: String = "admin_consent=True&tenant=t-claimed") -> String { callback(rest) }
}

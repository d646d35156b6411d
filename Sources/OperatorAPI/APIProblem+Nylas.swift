package import Grants
import HTTPSemantics
import Nylas

/// Grants that work now and would not after what was asked for.
package struct StoppingGrants: Hashable, Sendable {
    package static let namedAtMost = 20

    package private(set) var total = 0
    /// The first of them; an address where Nylas or the store knows one.
    package private(set) var named: [Named] = []

    package struct Named: Hashable, Sendable {
        package var id: GrantID
        package var address: String?
    }

    mutating func note(_ grant: Nylas.Grant) {
        total += 1
        if named.count < Self.namedAtMost { named.append(Named(id: grant.id, address: grant.email)) }
    }

    /// Fills in addresses that Nylas does not list.
    mutating func complete(_ address: (GrantID) async throws(APIProblem) -> String?) async throws(APIProblem) {
        for index in named.indices where named[index].address == nil {
            named[index].address = try await address(named[index].id)
        }
    }

    var members: [JSON.Member] {
        [
            .init("grants_total", .integer(Int64(total))),
            .init(
                "grants",
                .array(named.map { ["grant_id": .string($0.id.text), "address": JSON($0.address)] })
            ),
        ]
    }

    static let schema = Schema.list(
        of: .object([
            .init("grant_id", .text(1...64), "The grant."),
            .init("address", .nullable(.text(0...512)), "Its mailbox, where that is known."),
        ]),
        atMost: namedAtMost
    )
}

extension APIProblem {
    /// What a call to Nylas that brought nothing means for who asked for it.
    init(_ error: NylasError) {
        switch error {
        case .notSent: self.init(.nylasUnreachable, retryAfter: .seconds(30))
        case .noAnswer, .unreadable: self.init(.nylasUncertain)
        case .failed(let fault): self.init(.nylasUncertain, nylas: fault.summary)
        case .refused(let fault): self.init(.nylasRefused, nylas: fault.summary)
        case .unauthorized(let fault): self.init(.nylasKeyRefused, nylas: fault.summary)
        case .notFound(let fault): self.init(.notFound, nylas: fault.summary)
        case .rateLimited(let pause): self.init(.nylasBusy, retryAfter: pause ?? .seconds(2))
        }
    }

    /// What every operation that asks Nylas can come to.
    static let ofNylas: [Code] = [.nylasKeyRefused, .nylasUncertain, .nylasUnreachable, .nylasBusy]
}

/// Runs one call to Nylas, with its failure as a problem.
func asked<Value>(_ body: () async throws(NylasError) -> Value) async throws(APIProblem) -> Value {
    do throws(NylasError) {
        return try await body()
    } catch {
        throw APIProblem(error)
    }
}

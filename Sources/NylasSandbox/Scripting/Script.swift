import HTTPSemantics

/// What the next authorisations and calls do, as `POST /sandbox/script` said. Each step is used once, in order.
struct Script: Equatable, Sendable {
    /// Where a step waits for its turn.
    enum Stage: String, Sendable {
        case authorize
        case token
        case grants
        /// `POST /v3/connect/custom`; a step may be for one address.
        case custom
        /// Every other route that wants the API key.
        case api
    }

    struct Authorization: Equatable, Sendable {
        var outcome: AuthorizationOutcome
        /// For another address than hinted.
        var address: String?
    }

    /// Approval without a person: `GET /v3/connect/auth` leads straight back.
    struct AutoApproval: Equatable, Sendable {
        /// `{n}` becomes a number of its own for each flow; nil is the hint or an address of the provider's example domain.
        var address: String?
    }

    static let stepsAtMost = 10_000

    private(set) var authorizations: [Authorization] = []
    private var faults: [Stage: [Step]] = [:]
    var autoApproval: AutoApproval?
    /// In place of the configuration's; 0 lifts the limit.
    var requestsPerSecond: Int?
    /// In place of the configuration's.
    var consentDelay: Duration?

    private struct Step: Equatable {
        var fault: Fault
        /// In lower case; nil is for whoever comes next.
        var address: String?
    }

    mutating func nextAuthorization() -> Authorization? {
        authorizations.isEmpty ? nil : authorizations.removeFirst()
    }

    mutating func nextFault(at stage: Stage, about subject: String? = nil) -> Fault? {
        let subject = subject?.lowercased()
        guard let index = faults[stage]?.firstIndex(where: { $0.address == nil || $0.address == subject }) else {
            return nil
        }
        return faults[stage]?.remove(at: index).fault
    }

    /// Steps that still wait for their turn.
    var pending: Int { authorizations.count + faults.values.reduce(0) { $0 + $1.count } }
}

extension Script {
    /// Which part of a script cannot be understood.
    struct Unreadable: Error {
        var field: String
    }

    /// Adds the steps of `{"next": [{"on": …, "outcome": …}], "auto": "approve" | "off", "auto_address": …,
    /// "requests_per_second": …, "consent_delay": …}`, all or none.
    mutating func read(_ json: JSON) throws(Unreadable) {
        var changed = self
        guard let members = json.members else { throw Unreadable(field: "object") }
        for member in members where !Script.members.contains(member.name) {
            throw Unreadable(field: member.name)
        }
        if let next = json["next"] {
            guard let steps = next.elements else { throw Unreadable(field: "next") }
            for step in steps { try changed.append(step) }
        }
        switch json["auto"] {
        case nil: break
        case "approve": changed.autoApproval = AutoApproval(address: json["auto_address"]?.text)
        case "off": changed.autoApproval = nil
        default: throw Unreadable(field: "auto")
        }
        changed.requestsPerSecond =
            try json["requests_per_second"].map { value throws(Unreadable) in
                try number(value, in: 0...1_000_000, "requests_per_second")
            } ?? changed.requestsPerSecond
        changed.consentDelay =
            try json["consent_delay"].map { value throws(Unreadable) in
                .seconds(try number(value, in: 0...86_400, "consent_delay"))
            } ?? changed.consentDelay
        guard changed.pending <= Script.stepsAtMost else { throw Unreadable(field: "next") }
        self = changed
    }

    private static let members = ["next", "auto", "auto_address", "requests_per_second", "consent_delay"]

    private func number(_ value: JSON, in range: ClosedRange<Int64>, _ field: String) throws(Unreadable) -> Int {
        guard case .integer(let number) = value, range.contains(number) else { throw Unreadable(field: field) }
        return Int(number)
    }

    private mutating func append(_ step: JSON) throws(Unreadable) {
        guard let stage = step["on"]?.text.flatMap(Stage.init) else { throw Unreadable(field: "on") }
        guard let name = step["outcome"]?.text else { throw Unreadable(field: "outcome") }
        let times: Int64
        switch step["times"] {
        case nil: times = 1
        case .integer(let number) where (1...Int64(Script.stepsAtMost)).contains(number): times = number
        default: throw Unreadable(field: "times")
        }
        if stage == .authorize {
            guard let outcome = AuthorizationOutcome(rawValue: name) else { throw Unreadable(field: "outcome") }
            let authorization = Authorization(outcome: outcome, address: step["address"]?.text)
            authorizations += Array(repeating: authorization, count: Int(times))
        } else {
            let seconds: Int64?
            switch step["seconds"] {
            case nil: seconds = nil
            case .integer(let number) where (0...3600).contains(number): seconds = number
            default: throw Unreadable(field: "seconds")
            }
            guard let fault = Fault(name: name, seconds: seconds) else { throw Unreadable(field: "outcome") }
            let address = step["address"]?.text?.lowercased()
            guard address == nil || stage == .custom else { throw Unreadable(field: "address") }
            faults[stage, default: []] += Array(repeating: Step(fault: fault, address: address), count: Int(times))
        }
    }
}

package import Cryptography

/// To whom events are told: given to a store when it is opened, by every process that changes grants.
///
/// Without targets nothing is written and nothing is looked at.
package struct OutboxPolicy: Sendable {
    /// The names of the targets.
    package var targets: [String]
    private var random: RandomSource
    /// Called when an event that this process has written is on the disk.
    var whenTold: @Sendable () -> Void

    package static let silent = OutboxPolicy(targets: [])

    package init(
        targets: [String],
        random: RandomSource = .system,
        whenTold: @escaping @Sendable () -> Void = {}
    ) {
        self.targets = targets
        self.random = random
        self.whenTold = whenTold
    }

    package var isSilent: Bool { targets.isEmpty }

    /// Whom an event goes to.
    func recipients(among wanted: [String]?) -> [String] {
        guard let wanted else { return targets }
        return targets.filter { wanted.contains($0) }
    }

    /// A name that nobody has used and nobody can guess.
    func makeID() -> EventID {
        guard let id = EventID("evt_" + Base64.encode(random.bytes(16), .url)) else {
            preconditionFailure("22 characters of base64url are the form of an event's ID")
        }
        return id
    }
}

package import Grants
package import Timekeeping

/// Grants that should be looked at anew at Nylas, because something is said to have happened to them: once each, however often
/// it is said.
package protocol HintStore: Sendable {
    /// Notes that a grant should be looked at.
    ///
    /// - Returns: false, and nothing is written, if the store does not know the grant.
    func noteHint(_ grant: GrantID) async throws(StoreError) -> Bool

    /// Takes hints that are due at the moment, the longest due first, and counts a look for each.
    ///
    /// Nobody else is given them before the lease runs out.
    func takeHints(limit: Int, lease: Lease, at now: Timestamp) async throws(StoreError) -> [GrantHint]

    /// Ends a look.
    ///
    /// - Parameter moment: when to look again; nil if the grant has been looked at. What was noted meanwhile is due at once.
    /// - Returns: false if the hint is no longer ours, and was not touched.
    func settleHint(
        _ hint: GrantHint,
        retryAt moment: Timestamp?,
        heldBy instance: String
    ) async throws(StoreError) -> Bool

    /// When the next hint is due or, if somebody looks, may be taken; nil if there is none.
    func nextHintDue() async throws(StoreError) -> Timestamp?
}

package struct GrantHint: Hashable, Sendable {
    package var grant: GrantID
    /// How often it was noted: tells whether it was noted again while somebody looked.
    package var number: Int64
    /// Begun looks since it was noted last.
    package var attempts: Int

    package init(grant: GrantID, number: Int64, attempts: Int) {
        self.grant = grant
        self.number = number
        self.attempts = attempts
    }
}

/// An authorisation under way: what the pages of the hosted login know about it.
///
/// It is not used up by its end: who goes back after Cancel and approves gets a code of the same state, as in life.
struct HostedLogin: Sendable {
    var request: AuthorizationRequest
    /// Set once one is chosen; later choices replace it.
    var provider: SandboxProvider?
    var address: String?
    /// What a script wants to happen when the person presses Approve.
    var scripted: Script.Authorization?
}

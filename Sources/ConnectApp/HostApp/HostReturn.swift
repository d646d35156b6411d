import Cryptography
import GrantStore
import Timekeeping

/// The way from a page back to the host app.
enum HostReturn: Hashable, Sendable {
    /// With a handle, for which the host app learns how the flow ended.
    case told(url: String)
    /// Without one: nobody knows which flow it was, or it is too long ago. nil where the way back is not known either.
    case untold(url: String?)
    /// To where the host app says who is signed in.
    case confirming(url: String)
}

/// Makes the ways back. An address that is no longer in the configuration leads nowhere.
struct HostReturns: Sendable {
    let settings: ConnectSettings
    let handles: HostHandles

    /// From the page of a flow that has ended.
    func back(from claim: FlowClaim, _ outcome: FlowOutcome, at now: Timestamp) -> HostReturn? {
        guard let url = known(claim.returnURL) else { return nil }
        guard now < outcome.answeredAt + ResultRules.patience else { return .untold(url: url) }
        let handle = handles.handle(forResultOf: claim.flow)
        return .told(url: HostURL.adding(HostURL.resultParameter, handle, to: url))
    }

    /// From a page that belongs to no flow.
    ///
    /// - Parameter link: the link that this browser has started from last, or whose page it is.
    func back(from link: ConnectLink?) -> HostReturn? {
        guard !settings.returnURLs.isEmpty else { return nil }
        return .untold(url: known(link?.returnURL))
    }

    /// To the host app's own word on a flow whose code waits for it.
    func confirming(_ flow: ParkedFlow) -> String? {
        guard let url = settings.confirmationURL, let owner = flow.flow.owner else { return nil }
        let question = HostHandles.Question(flow: flow.flow.id, callbackAt: flow.callbackAt, owner: owner)
        return HostURL.adding(HostURL.confirmationParameter, handles.handle(asking: question), to: url)
    }

    private func known(_ url: String?) -> String? {
        url.flatMap { settings.hasReturnURL($0) ? $0 : nil }
    }
}

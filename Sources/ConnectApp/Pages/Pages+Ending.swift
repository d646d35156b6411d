import HTTPSemantics
import Web

extension Pages {
    /// `GET /disconnect/{link}`: the question.
    ///
    /// - Parameter others: how many others have the mailbox too.
    func disconnect(_ link: DisconnectLink, sealed: String, others: Int) -> Response {
        let page = DisconnectPage(link: link, sealed: sealed, others: others)
        return .page(page.html(in: frame), policy: .form, headers: headers)
    }

    /// The same address, once there is nothing to ask.
    func disconnected(_ link: DisconnectLink, _ standing: DisconnectLink.Standing) -> Response {
        .page(DisconnectedPage(link: link, standing: standing).html(in: frame), policy: .result, headers: headers)
    }
}

import GrantStore
import Grants
package import HTTPSemantics
import HTTPTypes
package import Web

/// Everything the application shows to a person, each page as a whole answer: status, security fields, markup.
///
/// The flow decides what happened; only here is it put into words.
package struct Pages: Sendable {
    package let headers: SecurityHeaders
    /// Also for the router, the host check and the server, so that every error looks like the rest.
    package let errors: ErrorPages

    private let settings: ConnectSettings
    let frame: PageFrame
    private let connectResponse: Response

    /// - Parameter assets: `Public/`, with `postern.css` and `favicon.svg` in it.
    /// - Parameter headers: made with the Nylas origin as their form target.
    package init(settings: ConnectSettings, assets: StaticFiles, headers: SecurityHeaders) {
        let frame = PageFrame(settings: settings, assets: assets)
        self.settings = settings
        self.frame = frame
        self.headers = headers
        errors = ErrorPages(headers: headers) { fault, note, reference in
            ErrorPage(fault: fault, note: note, reference: reference).html(in: frame)
        }
        var response = Self.connect(settings: settings, frame: frame, headers: headers, notice: nil)
        response.prepare()
        connectResponse = response
    }

    /// `GET /`: the page with the choice of providers or, if a personal link is needed, the page that says so.
    ///
    /// The same for everybody, so it is made once.
    package func connect() -> Response {
        connectResponse
    }

    /// `GET /c/{link}`: the page of a link that something can be started with.
    ///
    /// - Parameter notice: why the page is shown again.
    func connect(with link: ConnectLink, sealed: String, notice problem: Problem? = nil) -> Response {
        let providers = settings.providers(of: link)
        let page = ConnectPage(
            providers: providers,
            offersNylasChooser: settings.offersChooser(among: providers),
            profile: settings.profile(named: link.profile) ?? settings.profile,
            notice: problem?.notice,
            link: (link, sealed)
        )
        return .page(page.html(in: frame), status: problem?.status ?? .ok, policy: .form, headers: headers)
    }

    /// The end of a flow, told as often as the person asks.
    ///
    /// - Parameters:
    ///   - claim: what was asked for.
    ///   - link: the path of the link it was started from, if this browser has it.
    ///   - back: the way back to the host app, if there is one.
    ///   - isAgain: whether the callback has come once more since the answer.
    func result(
        _ outcome: FlowOutcome,
        of claim: FlowClaim,
        link: String? = nil,
        back: HostReturn? = nil,
        isAgain: Bool = false
    ) -> Response {
        func problem(_ problem: Problem, reference: String) -> Response {
            self.problem(problem, reference: reference, link: link, isLinked: claim.link != nil, back: back)
        }
        if claim.kind == .adminConsent {
            let forward = link.map { "\(settings.publicURL)\($0)" }
            return self.problem(
                .consenting(ConsentProblem(outcome.verdict, forward: forward)),
                reference: outcome.reference,
                link: link,
                isLinked: true,
                back: nil
            )
        }
        switch outcome.verdict {
        case .connected, .reconnected:
            let page = ConnectedPage(
                outcome,
                profile: settings.profile(named: claim.profile) ?? settings.profile,
                asked: claim.provider,
                back: back,
                isAgain: isAgain
            )
            return .page(page.html(in: frame), policy: .result, headers: headers)
        case .declined: return problem(.declined, reference: outcome.reference)
        case .permissionsMissing:
            let missing = Permission.list(from: outcome.missingScopes)
            return problem(
                .permissionsMissing(missing, provider: providerName(outcome, claim)),
                reference: outcome.reference
            )
        case .otherProvider:
            return problem(
                .otherProvider(asked: claim.provider?.displayName, found: outcome.providerName.map(displayName)),
                reference: outcome.reference
            )
        case .otherAddress:
            return problem(
                .otherAddress(expected: claim.expectedAddress, found: outcome.address),
                reference: outcome.reference
            )
        case .connectedBySomeoneElse:
            return problem(.connectedBySomeoneElse(address: outcome.address), reference: outcome.reference)
        case .providerRefused:
            return problem(.providerRefused(provider: providerName(outcome, claim)), reference: outcome.reference)
        case .adminApprovalNeeded:
            return problem(.adminApprovalNeeded(provider: providerName(outcome, claim)), reference: outcome.reference)
        case .exchangeRefused: return problem(.exchangeRefused, reference: outcome.reference)
        case .linkUsed: return problem(.linkUsed, reference: outcome.reference)
        case .linkRevoked: return problem(.linkRevoked, reference: outcome.reference)
        case .forSomeoneElse:
            return problem(.forSomeoneElse(brand: settings.brand.name), reference: outcome.reference)
        case .notConfirmed:
            return problem(.notConfirmed(brand: settings.brand.name), reference: outcome.reference)
        case .expired: return problem(.expired, reference: outcome.reference)
        // Of administrators' flows alone; told of another they are still no connection.
        case .consentReported, .adminRoleNeeded:
            return problem(.consenting(ConsentProblem(outcome.verdict, forward: nil)), reference: outcome.reference)
        case .unknown: return problem(.outcomeUnknown, reference: outcome.reference)
        }
    }

    /// Everything that stands in the way of a connection.
    ///
    /// - Parameter link: the path of the link this browser has started from last, if there is one.
    /// - Parameter back: the way back to the host app, if there is one.
    func problem(
        _ problem: Problem,
        reference: RequestID,
        link: String? = nil,
        back: HostReturn? = nil
    ) -> Response {
        self.problem(problem, reference: reference.text, link: link, isLinked: false, back: back)
    }

    private func problem(
        _ problem: Problem,
        reference: String,
        link: String?,
        isLinked: Bool,
        back: HostReturn?
    ) -> Response {
        switch problem {
        case .startRefused where settings.isOpen, .providerNotOffered where settings.isOpen:
            // The page again, without effect (design.md §4.1): one press of a button away from going on.
            var response = Self.connect(settings: settings, frame: frame, headers: headers, notice: problem.notice)
            response.head.status = problem.status
            return response
        default:
            let again: PageFrame.Beginning = link.map { .link(path: $0) } ?? (isLinked ? .linkToFind : frame.beginning)
            let page = ProblemPage(problem: problem, reference: reference, again: again, back: back).html(in: frame)
            var response = Response.page(page, status: problem.status, policy: .result, headers: headers)
            if let wait = problem.wait { response.addRetryAfter(wait) }
            return response
        }
    }

    private static func connect(
        settings: ConnectSettings,
        frame: PageFrame,
        headers: SecurityHeaders,
        notice: String?
    ) -> Response {
        guard settings.isOpen else {
            return .page(ConnectClosedPage().html(in: frame), policy: .result, headers: headers)
        }
        let page = ConnectPage(
            providers: settings.providers,
            offersNylasChooser: settings.offersNylasChooser,
            profile: settings.profile,
            notice: notice
        )
        return .page(page.html(in: frame), policy: .form, headers: headers)
    }

    private func providerName(_ outcome: FlowOutcome, _ claim: FlowClaim) -> String? {
        outcome.providerName.map(displayName) ?? claim.provider?.displayName
    }
}

/// Our name for a provider that Nylas names, or its own.
func displayName(_ providerName: String) -> String {
    Provider(rawValue: providerName)?.displayName ?? providerName
}

extension Problem {
    /// The problem in two or three sentences, above a page that lets the person go on.
    fileprivate var notice: String {
        let words = words
        return ([words.title + "."] + words.happened).joined(separator: " ")
    }
}

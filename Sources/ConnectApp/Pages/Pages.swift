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

    let settings: ConnectSettings
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
        var response = Self.connect(settings: settings, frame: frame, headers: headers)
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
    func connect(with link: ConnectLink, sealed: String) -> Response {
        .page(connectPage((link, sealed)).html(in: frame), policy: .form, headers: headers)
    }

    /// The page once more, of a link or the open one, and why.
    ///
    /// - Parameter address: what the person has typed.
    func connect(
        again problem: Problem,
        _ link: (said: ConnectLink, sealed: String)?,
        address: String? = nil
    ) -> Response {
        var page = connectPage(link)
        page.notice = problem.notice
        if let address { page.address = address }
        return .page(page.html(in: frame), status: problem.status, policy: .form, headers: headers)
    }

    /// For somebody inside another app's browser.
    ///
    /// - Parameter path: of the page with the choice of providers.
    func openInBrowser(path: String, fields: [(name: String, value: String)]) -> Response {
        let page = OpenInBrowserPage(address: "\(settings.publicURL)\(path)", choicePath: path, fields: fields)
        return .page(page.html(in: frame), policy: .form, headers: headers)
    }

    private func connectPage(_ link: (said: ConnectLink, sealed: String)?) -> ConnectPage {
        let providers = link.map { settings.providers(of: $0.said) } ?? settings.providers
        return ConnectPage(
            providers: providers,
            offersNylasChooser: settings.offersChooser(among: providers),
            profile: link.flatMap { settings.profile(named: $0.said.profile) } ?? settings.profile,
            address: link?.said.loginHint,
            link: link
        )
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
        // A missing connector is the operator's alone, whoever meets it.
        if claim.kind == .adminConsent, outcome.verdict != .connectorMissing {
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
            let letter = AdminLetter(
                provider: outcome.providerName.flatMap(Provider.init(rawValue:)) ?? claim.provider,
                brand: settings.brand,
                publicURL: settings.publicURL.description,
                scopes: claim.scopes,
                reference: outcome.reference
            )
            return self.problem(
                .adminApprovalNeeded(provider: providerName(outcome, claim)),
                reference: outcome.reference,
                link: link,
                isLinked: claim.link != nil,
                back: back,
                letter: letter
            )
        case .connectorMissing:
            return problem(
                .connectorMissing(provider: claim.provider?.displayName, brand: settings.brand.name),
                reference: outcome.reference
            )
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
        back: HostReturn?,
        letter: AdminLetter? = nil
    ) -> Response {
        switch problem {
        case .startRefused where settings.isOpen, .providerNotOffered where settings.isOpen:
            // The page again, without effect (design.md §4.1): one press of a button away from going on.
            return connect(again: problem, nil)
        default:
            let again: PageFrame.Beginning = link.map { .link(path: $0) } ?? (isLinked ? .linkToFind : frame.beginning)
            let page = ProblemPage(
                problem: problem,
                reference: reference,
                again: again,
                back: back,
                letter: letter
            ).html(in: frame)
            var response = Response.page(page, status: problem.status, policy: .result, headers: headers)
            if let wait = problem.wait { response.addRetryAfter(wait) }
            return response
        }
    }

    private static func connect(
        settings: ConnectSettings,
        frame: PageFrame,
        headers: SecurityHeaders
    ) -> Response {
        guard settings.isOpen else {
            return .page(ConnectClosedPage().html(in: frame), policy: .result, headers: headers)
        }
        let page = ConnectPage(
            providers: settings.providers,
            offersNylasChooser: settings.offersNylasChooser,
            profile: settings.profile
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
    var notice: String {
        let words = words
        return ([words.title + "."] + words.happened).joined(separator: " ")
    }
}

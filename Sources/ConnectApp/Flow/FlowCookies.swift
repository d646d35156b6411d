import Cryptography
import GrantStore
import HTTPSemantics
import HTTPTypes
import Timekeeping

/// The cookies that flows live in: one for each flow, named by its short ID, so that tabs do not disturb each other.
///
/// While a flow is open its cookie holds the whole of it; once it is answered, a small one takes its place that only proves
/// that this browser may see the answer.
struct FlowCookies: Sendable {
    /// What a cookie turned out to be.
    enum Found: Sendable {
        /// No cookie of this name: another browser, blocked cookies, long ago.
        case none
        /// There is one, but none of our keys opens it in this place.
        case unopenable
        case started(StartedFlow)
        /// Back with its code, which waits for the host app's word.
        case parked(ParkedFlow)
        /// - Parameter again: whether its callback has come once more since.
        case answered(FlowID, again: Bool)

        var flow: FlowID? {
            switch self {
            case .started(let flow): flow.id
            case .parked(let parked): parked.flow.id
            case .answered(let flow, _): flow
            case .none, .unopenable: nil
            }
        }

        /// Whether the flow's callback has come once more after its answer.
        var isAgain: Bool {
            if case .answered(_, again: true) = self { true } else { false }
        }
    }

    static let prefix = "__Host-postern-"
    /// Of one cookie, name included: browsers keep at least 4,096, and several travel together.
    static let limitBytes = 1400
    static let openFlowLimit = 5
    static let answeredFlowLimit = 5
    static let answeredLifetime = Duration.seconds(24 * 3600)
    /// How many cookies one answer may remove; a browser that holds more is served in several steps.
    private static let removalLimit = 32
    private static let answeredVersion: UInt8 = 2

    private let started: Sealer
    private let parked: Sealer
    private let answered: Sealer

    init(keys: SealingKeys, random: RandomSource) {
        started = Sealer(keys: keys, purpose: .flow, random: random)
        parked = Sealer(keys: keys, purpose: .parked, random: random)
        answered = Sealer(keys: keys, purpose: .result, random: random)
    }

    static func name(of shortID: String) -> String { prefix + shortID }

    /// Whether the text could be a short ID at all: 12 characters of base64url.
    static func isShortID(_ text: String) -> Bool {
        text.utf8.count == 12 && Base64.decodeURL(text) != nil
    }

    /// Whether every flow that a link can begin fits into its cookie. Otherwise no such link is made.
    static func hasRoom(for link: ConnectLink, _ settings: ConnectSettings) -> Bool {
        let zeroes = RandomSource { count in [UInt8](repeating: 0, count: count) }
        let audience = Audience.digest(of: settings)
        let providers = link.providers.isEmpty ? settings.providers : link.providers
        return providers.allSatisfy { provider in
            let flow = StartedFlow(provider, link, settings, audience: audience, random: zeroes, at: link.expiresAt)
            let parking = link.binding == .confirmed ? ParkedFlow.overheadBytes(codeBytes: ParkedFlow.codeBytes) : 0
            return fits(name: name(of: flow.id.shortID), plaintextBytes: flow.encoded().count + parking)
        }
    }

    private static func fits(name: String, plaintextBytes: Int) -> Bool {
        name.utf8.count + 1 + Sealer.sealedCharacters(plaintextBytes: plaintextBytes) <= limitBytes
    }

    /// - Parameter id: the flow's, which whoever begins one needs anyway.
    /// - Returns: the Set-Cookie value that holds the flow, or nil if it does not fit.
    func cookie(for flow: StartedFlow, id: FlowID) -> String? {
        let name = FlowCookies.name(of: id.shortID)
        let bytes = flow.encoded()
        guard FlowCookies.fits(name: name, plaintextBytes: bytes.count) else { return nil }
        return Cookie.setCookie(name: name, value: started.seal(bytes, for: name), maxAge: StartedFlow.lifetime)
    }

    /// - Returns: the Set-Cookie value that holds the flow and its code in the place of the flow alone, or nil if it does not fit.
    func cookie(for flow: ParkedFlow) -> String? {
        let name = FlowCookies.name(of: flow.flow.id.shortID)
        let bytes = flow.encoded()
        guard FlowCookies.fits(name: name, plaintextBytes: bytes.count) else { return nil }
        return Cookie.setCookie(name: name, value: parked.seal(bytes, for: name), maxAge: StartedFlow.lifetime)
    }

    /// The Set-Cookie value that takes the place of the flow's own: enough to see its answer, and no more to spend a code.
    ///
    /// - Parameter again: whether the callback has come once more after its answer, which the page then says.
    func answeredCookie(for flow: FlowID, again: Bool = false, at now: Timestamp) -> String {
        let name = FlowCookies.name(of: flow.shortID)
        var fields = ByteFieldWriter()
        fields.write(FlowCookies.answeredVersion)
        fields.write(again ? 1 : 0 as UInt8)
        fields.write(now.microsecondsSince1970)
        fields.writeFixed(flow.digest)
        return Cookie.setCookie(
            name: name,
            value: answered.seal(fields.bytes, for: name),
            maxAge: FlowCookies.answeredLifetime
        )
    }

    /// Finds a flow's cookie. Should there be several of its name, the first that opens counts.
    func find(_ shortID: String, in fields: HTTPFields) -> Found {
        let name = FlowCookies.name(of: shortID)
        var found = Found.none
        for cookie in Cookie.parse(fields: fields) where cookie.name == name {
            switch open(cookie.value, name: name) {
            case .started(let flow)?: return .started(flow)
            case .parked(let flow)?: return .parked(flow)
            case .answered(let flow, let again, _)?: return .answered(flow, again: again)
            case nil: found = .unopenable
            }
        }
        return found
    }

    /// The Set-Cookie values that make room for one more flow: what does not open goes, and the oldest do.
    func removals(in fields: HTTPFields) -> [String] {
        var open: [(name: String, since: Timestamp)] = []
        var done: [(name: String, since: Timestamp)] = []
        var removed: [String] = []
        for cookie in Cookie.parse(fields: fields) where cookie.name.hasPrefix(FlowCookies.prefix) {
            switch self.open(cookie.value, name: cookie.name) {
            case .started(let flow)?: open.append((cookie.name, flow.startedAt))
            case .parked(let parked)?: open.append((cookie.name, parked.flow.startedAt))
            case .answered(_, _, let moment)?: done.append((cookie.name, moment))
            case nil: removed.append(cookie.name)
            }
        }
        for (list, limit) in [(open, FlowCookies.openFlowLimit - 1), (done, FlowCookies.answeredFlowLimit)] {
            removed += list.sorted { $0.since > $1.since }.dropFirst(limit).map(\.name)
        }
        return removed.prefix(FlowCookies.removalLimit).map { Cookie.removal(of: $0) }
    }

    private enum Content {
        case started(StartedFlow)
        case parked(ParkedFlow)
        case answered(FlowID, again: Bool, Timestamp)
    }

    private func open(_ value: String, name: String) -> Content? {
        guard name.utf8.count + 1 + value.utf8.count <= FlowCookies.limitBytes else { return nil }
        if let bytes = started.open(value, for: name) {
            return StartedFlow(encoded: bytes).map { .started($0) }
        }
        guard let bytes = answered.open(value, for: name) else {
            return parked.open(value, for: name).flatMap(ParkedFlow.init(encoded:)).map { .parked($0) }
        }
        var fields = ByteFieldReader(bytes)
        guard fields.byte() == FlowCookies.answeredVersion, let again = fields.byte(), again < 2,
            let moment = fields.number(),
            let flow = fields.fixed(SHA256.digestBytes).flatMap(FlowID.init(digest:)), fields.isAtEnd
        else { return nil }
        return .answered(flow, again: again == 1, Timestamp(microsecondsSince1970: moment))
    }
}

import Cryptography
import GrantStore
import Grants
import OAuth
import Timekeeping

extension StartedFlow {
    private static let version: UInt8 = 2

    /// The flow as bytes to be sealed: compact, because four of them and more travel with every request.
    func encoded() -> [UInt8] {
        // What a flow without a link takes; more is allowed.
        var fields = ByteFieldWriter(capacity: 320)
        fields.write(StartedFlow.version)
        fields.write(kind == .connect ? 1 : 2 as UInt8)
        fields.write(startedAt.microsecondsSince1970)
        fields.writeFixed(audience)
        fields.write(binding.code)
        state.withExposed { fields.write($0) }
        codeVerifier.withExposed { fields.write($0) }
        fields.write(provider?.rawValue)
        fields.write(profile)
        fields.write(scopes)
        fields.write(link?.id.text)
        fields.write(link?.expiresAt.microsecondsSince1970 ?? 0)
        fields.write(owner?.text)
        fields.write(expectedAddress)
        fields.write(returnURL)
        fields.write(tags.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
        invite?.write(to: &fields)
        return fields.bytes
    }

    /// - Returns: nil unless the bytes are exactly what ``encoded()`` writes: of this version, whole, and nothing behind.
    init?(encoded bytes: [UInt8]) {
        var fields = ByteFieldReader(bytes)
        guard fields.byte() == StartedFlow.version, let kind = FlowKind(code: fields.byte()),
            let startedAt = fields.number(), let audience = fields.fixed(Audience.bytes),
            let binding = Binding(code: fields.byte()), let state = fields.text().flatMap(State.init),
            let codeVerifier = fields.text().flatMap(CodeVerifier.init), let provider = fields.optionalText(),
            let profile = fields.text(), let scopes = fields.list(), let linkID = fields.optionalText(),
            let linkEnd = fields.number(), let owner = fields.optionalText(),
            let expectedAddress = fields.optionalText(),
            let returnURL = fields.optionalText(), let tags = fields.list()
        else { return nil }
        var invite: ConsentInvite?
        if kind == .adminConsent {
            guard let known = ConsentInvite(from: &fields) else { return nil }
            invite = known
        }
        guard fields.isAtEnd else { return nil }
        self.init(
            kind: kind,
            state: state,
            codeVerifier: codeVerifier,
            profile: profile,
            scopes: scopes,
            expectedAddress: expectedAddress,
            binding: binding,
            returnURL: returnURL,
            audience: audience,
            invite: invite,
            startedAt: Timestamp(microsecondsSince1970: startedAt)
        )
        // A name that is there must be one we know: nothing sealed is ever silently dropped.
        if let provider {
            guard let known = Provider(rawValue: provider) else { return nil }
            self.provider = known
        }
        if let owner {
            guard let known = OwnerID(owner) else { return nil }
            self.owner = known
        }
        if let linkID {
            guard let known = LinkID(linkID) else { return nil }
            link = LinkClaim(id: known, expiresAt: Timestamp(microsecondsSince1970: linkEnd))
        }
        guard tags.count.isMultiple(of: 2) else { return nil }
        for index in stride(from: 0, to: tags.count, by: 2) { self.tags[tags[index]] = tags[index + 1] }
        // Nor do two texts mean the same flow: tags in another order or twice, an end without a link.
        guard encoded() == bytes else { return nil }
    }
}

extension FlowKind {
    fileprivate init?(code: UInt8?) {
        switch code {
        case 1: self = .connect
        case 2: self = .adminConsent
        default: return nil
        }
    }
}

extension Binding {
    fileprivate var code: UInt8 {
        switch self {
        case .baseline: 0
        case .pinned: 1
        case .confirmed: 2
        }
    }

    fileprivate init?(code: UInt8?) {
        guard let known = Binding.allCases.first(where: { $0.code == code }) else { return nil }
        self = known
    }
}

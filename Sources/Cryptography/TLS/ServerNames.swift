internal import COpenSSL

/// Which certificates a server shows to a client that asks for a name (RFC 6066 §3).
///
/// A certificate for just this name goes before one with a wildcard for it; of several with the same kind of key, the one
/// given first. Both kinds of key are chosen by themselves, so that one certificate of each can be for the same name.
/// Whoever asks for no name or an unknown one gets the first certificate, not an alert: an old client or a health check by
/// address is told more by a page (421, RFC 9110 §15.5.20), or by the name in a certificate, than by `unrecognized_name`.
struct ServerNames {
    /// Indices of certificates, at most one for each kind of key, in the order in which they were given.
    typealias Selection = [Int]

    /// All that can be shown together; the first is for those who ask for nothing that is known.
    private(set) var selections: [Selection] = []
    private var exact: [String: Int] = [:]
    /// By what follows the wildcard and its dot.
    private var wildcards: [String: Int] = [:]

    /// - Parameter certificates: at least one.
    init(_ certificates: [CertificateSummary]) {
        let names = certificates.map { Set($0.serverNames) }
        _ = index(of: Self.firstOfEachKind(certificates) { $0 == 0 || names[$0].isSuperset(of: names[0]) })
        for name in Set(names.joined()).sorted() {
            let parent = Self.parent(of: name)
            // A wildcard's own certificates, or a name's own and then those of a wildcard for it.
            let own = Self.firstOfEachKind(certificates) { names[$0].contains(name) }
            let selection = Self.filling(own, certificates) { index in
                parent.map { !name.hasPrefix("*.") && names[index].contains("*." + $0) } ?? false
            }
            let found = index(of: selection)
            if name.hasPrefix("*."), let parent { wildcards[parent] = found } else { exact[name] = found }
        }
    }

    /// The place in `selections` for the name that a client asks for.
    ///
    /// A wildcard stands for exactly one label, the left-most (RFC 9525 §6.3).
    func selection(for name: String?) -> Int {
        guard var name = name?.lowercased() else { return 0 }
        // One dot at the end names the root; certificates and SNI do without.
        if name.hasSuffix(".") { name.removeLast() }
        if let found = exact[name] { return found }
        return Self.parent(of: name).flatMap { wildcards[$0] } ?? 0
    }

    /// Certificates that no client would ever see.
    func unused(of count: Int) -> [Int] {
        (0..<count).filter { index in !selections.contains { $0.contains(index) } }
    }

    private mutating func index(of selection: Selection) -> Int {
        if let known = selections.firstIndex(of: selection) { return known }
        selections.append(selection)
        return selections.count - 1
    }

    private static func parent(of name: String) -> String? {
        guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return nil }
        return String(name[name.index(after: dot)...])
    }

    private static func firstOfEachKind(_ certificates: [CertificateSummary], _ isMeant: (Int) -> Bool) -> Selection {
        filling([], certificates, isMeant)
    }

    private static func filling(
        _ selection: Selection,
        _ certificates: [CertificateSummary],
        _ isMeant: (Int) -> Bool
    ) -> Selection {
        var selection = selection
        for index in certificates.indices where isMeant(index) {
            let kind = certificates[index].keyType.kind
            if !selection.contains(where: { certificates[$0].keyType.kind == kind }) { selection.append(index) }
        }
        return selection.sorted()
    }
}

extension CertificateSummary {
    /// The DNS names that SNI can ask for, in lower case; wildcards only as a whole label, the left-most. Addresses are
    /// none: a client that connects to one sends no name.
    fileprivate var serverNames: [String] {
        subjectAlternativeNames.map { $0.lowercased() }.filter { name in
            let rest = name.hasPrefix("*.") ? name.dropFirst(2) : name[...]
            let isAddress = name.contains(":") || name.allSatisfy { $0.isNumber || $0 == "." }
            return !isAddress && !rest.isEmpty && !rest.contains("*")
        }
    }
}

import ConnectApp

/// Two files that belong together.
struct CertificatePair: Hashable, Sendable {
    var chain: String
    var key: String
}

extension CertificatePair {
    static let limit = 64

    /// The pairs of a configuration, in the order in which they count: the first is shown to who asks for no name.
    ///
    /// In a folder, and in the folders right below it, these belong together: `fullchain.pem` and `privkey.pem` (certbot), `NAME.crt`
    /// and `NAME.key` (Kubernetes has `tls.crt` and `tls.key`). The folder itself comes first, then those below it by name; names
    /// that begin with a dot are passed over (Kubernetes keeps what the links lead to in them), and so is a `.crt` without a
    /// key, which is an authority's.
    static func all(
        of source: ConnectConfiguration.TLSSource,
        _ files: FileView
    ) throws(CertificateRefusal) -> [CertificatePair] {
        switch source {
        case .files(let chain, let key): return [CertificatePair(chain: chain, key: key)]
        case .directory(let root):
            let names = try names(in: root, files)
            var pairs = try pairs(in: root, names)
            for name in names where files.stamp(root + "/" + name)?.isFolder == true {
                let folder = root + "/" + name
                pairs += try Self.pairs(in: folder, Self.names(in: folder, files))
            }
            guard !pairs.isEmpty else { throw .noPair(path: root) }
            guard pairs.count <= limit else { throw .tooMany(limit: limit) }
            return pairs
        }
    }

    private static func names(in folder: String, _ files: FileView) throws(CertificateRefusal) -> [String] {
        guard let names = files.names(folder) else { throw .folderUnreadable(path: folder) }
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    private static func pairs(in folder: String, _ names: [String]) throws(CertificateRefusal) -> [CertificatePair] {
        let present = Set(names)
        var pairs: [CertificatePair] = []
        func add(_ chain: String, _ key: String) {
            pairs.append(CertificatePair(chain: folder + "/" + chain, key: folder + "/" + key))
        }
        switch (present.contains("fullchain.pem"), present.contains("privkey.pem")) {
        case (true, true): add("fullchain.pem", "privkey.pem")
        case (true, false): throw .halfPair(path: folder + "/fullchain.pem")
        case (false, true): throw .halfPair(path: folder + "/privkey.pem")
        case (false, false): break
        }
        for key in names where key.hasSuffix(".key") {
            let chain = key.dropLast(4) + ".crt"
            guard present.contains(String(chain)) else { throw .halfPair(path: folder + "/" + key) }
            add(String(chain), key)
        }
        return pairs
    }
}

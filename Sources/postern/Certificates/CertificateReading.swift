import TLS

/// Reads pairs that have changed; one that cannot be used leaves the place to what was read of it before.
struct CertificateReading {
    /// A pair as it lies on the disk.
    struct Sighting: Hashable, Sendable {
        var pair: CertificatePair
        var stamps: [FileView.Stamp?]

        init(_ pair: CertificatePair, _ files: FileView) {
            self.pair = pair
            stamps = [files.stamp(pair.chain), files.stamp(pair.key)]
        }
    }

    /// A pair as it was read.
    struct Entry: Sendable {
        var sighting: Sighting
        var identity: TLSIdentity
    }

    let files: FileView
    let old: [Entry]
    /// Seconds since 1970; nil to take certificates that are expired or not yet valid.
    let now: Int64?
    var rereadsAll = false

    /// - Throws: if nothing is left.
    func entries(_ sightings: [Sighting]) throws(CertificateRefusal) -> ([Entry], [CertificateRefusal]) {
        var entries: [Entry] = []
        var faults: [CertificateRefusal] = []
        for sighting in sightings {
            let previous = old.first { $0.sighting.pair == sighting.pair }
            if let previous, !rereadsAll, previous.sighting == sighting {
                entries.append(previous)
                continue
            }
            do throws(CertificateRefusal) {
                entries.append(Entry(sighting: sighting, identity: try read(sighting, previous?.identity)))
            } catch {
                faults.append(error)
                if let previous { entries.append(previous) }
            }
        }
        guard !entries.isEmpty else { throw faults.first ?? .noCertificate }
        return (entries, faults)
    }

    private func read(_ sighting: Sighting, _ previous: TLSIdentity?) throws(CertificateRefusal) -> TLSIdentity {
        let pair = sighting.pair
        guard let chain = files.content(pair.chain) else { throw .fileUnreadable(path: pair.chain) }
        guard let key = files.content(pair.key) else { throw .fileUnreadable(path: pair.key) }
        guard Sighting(pair, files) == sighting else { throw .changing(path: pair.chain) }
        let identity: TLSIdentity
        do throws(TLSConfigurationError) {
            identity = try TLSIdentity(certificateChain: chain, privateKey: key)
        } catch {
            throw .refused(path: pair.chain, error)
        }
        // One that has grown old in use is not made worse by being read again.
        guard let now, previous?.certificate != identity.certificate else { return identity }
        guard identity.certificate.notAfter > now else { throw .expired(path: pair.chain) }
        guard identity.certificate.notBefore <= now else { throw .notYetValid(path: pair.chain) }
        return identity
    }
}

internal import COpenSSL

/// A certificate chain and its key as PEM, made in memory for one test run: no key lies in the repository.
package struct TestIdentity: Sendable {
    /// The own certificate first.
    package var certificateChain: [UInt8]
    package var privateKey: [UInt8]
}

/// A certificate authority of a test's own.
package struct TestAuthority: Sendable {
    package enum Validity: Sendable { case current, expired, notYet }
    package enum Key: Sendable {
        case p256, rsa(bits: Int32), ed25519, ed448
        /// ECDSA with a curve by OpenSSL's name.
        case curve(String)
    }
    package struct Failure: Error { package var operation: StaticString }

    /// PEM: what a client has to trust, unless this is an intermediate authority.
    package let certificate: [UInt8]
    private let privateKey: [UInt8]
    /// PEM: the certificates between what this authority issues and the one that is trusted.
    private let intermediates: [UInt8]

    /// An authority that vouches for itself.
    package init(named name: String = "Test Authority") throws {
        let key = try KeyHandle(.p256)
        let made = try CertificateHandle(
            Contents(subject: name, isAuthority: true),
            key: key,
            issuer: nil,
            issuerKey: key
        )
        certificate = try made.pem()
        privateKey = try key.pem()
        intermediates = []
    }

    private init(certificate: [UInt8], privateKey: [UInt8], intermediates: [UInt8]) {
        self.certificate = certificate
        self.privateKey = privateKey
        self.intermediates = intermediates
    }

    /// Issues a server's certificate for DNS names and IP addresses.
    package func issue(
        for names: [String],
        validity: Validity = .current,
        key kind: Key = .p256
    ) throws -> TestIdentity {
        let key = try KeyHandle(kind)
        let contents = Contents(subject: "Test Server", names: names, validity: validity)
        let made = try sign(contents, key)
        return TestIdentity(certificateChain: try made.pem() + intermediates, privateKey: try key.pem())
    }

    /// Issues a server's certificate that names its host only in the subject's common name, as was done before RFC 9525.
    package func issueWithoutAlternativeNames(commonName: String) throws -> TestIdentity {
        let key = try KeyHandle(.p256)
        let made = try sign(Contents(subject: commonName), key)
        return TestIdentity(certificateChain: try made.pem() + intermediates, privateKey: try key.pem())
    }

    /// An authority that this one vouches for; what it issues carries it in the chain.
    package func intermediate(named name: String = "Test Intermediate") throws -> TestAuthority {
        let key = try KeyHandle(.p256)
        let made = try sign(Contents(subject: name, isAuthority: true), key)
        let certificate = try made.pem()
        return TestAuthority(
            certificate: certificate,
            privateKey: try key.pem(),
            intermediates: certificate + intermediates
        )
    }

    /// A server's certificate that nobody vouches for but its own key.
    package static func selfSigned(for names: [String]) throws -> TestIdentity {
        let key = try KeyHandle(.p256)
        let contents = Contents(subject: "Test Server", names: names)
        let made = try CertificateHandle(contents, key: key, issuer: nil, issuerKey: key)
        return TestIdentity(certificateChain: try made.pem(), privateKey: try key.pem())
    }

    private func sign(_ contents: Contents, _ key: KeyHandle) throws -> CertificateHandle {
        try CertificateHandle(
            contents,
            key: key,
            issuer: try CertificateHandle(pem: certificate),
            issuerKey: try KeyHandle(pem: privateKey)
        )
    }
}

private struct Contents {
    var subject: String
    var names: [String] = []
    var validity = TestAuthority.Validity.current
    var isAuthority = false

    /// Seconds from now to the first and the last moment.
    var moments: (Int, Int) {
        switch validity {
        case .current: (-3600, 86_400)
        case .expired: (-7200, -3600)
        case .notYet: (3600, 86_400)
        }
    }

    var alternativeNames: String {
        names.map { name in
            let isAddress = name.contains(":") || name.allSatisfy { $0.isNumber || $0 == "." }
            return (isAddress ? "IP:" : "DNS:") + name
        }.joined(separator: ",")
    }
}

@safe private final class KeyHandle {
    let pointer: OpaquePointer

    init(_ kind: TestAuthority.Key) throws {
        let name =
            switch kind {
            case .p256, .curve: "EC"
            case .rsa: "RSA"
            case .ed25519: "ED25519"
            case .ed448: "ED448"
            }
        let context = unsafe EVP_PKEY_CTX_new_from_name(nil, name, nil)
        defer { unsafe EVP_PKEY_CTX_free(context) }
        try check(unsafe EVP_PKEY_keygen_init(context), "key generation")
        switch kind {
        case .p256: try check(unsafe EVP_PKEY_CTX_set_group_name(context, "P-256"), "group")
        case .curve(let name): try check(unsafe EVP_PKEY_CTX_set_group_name(context, name), "group")
        case .ed25519, .ed448: break
        case .rsa(let bits): try check(unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits), "key size")
        }
        var key: OpaquePointer?
        try check(unsafe EVP_PKEY_generate(context, &key), "key generation")
        unsafe pointer = try unsafe present(key, "key generation")
    }

    init(pem: [UInt8]) throws {
        unsafe pointer = try unsafe withReader(pem) { unsafe PEM_read_bio_PrivateKey($0, nil, nil, nil) }
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    func pem() throws -> [UInt8] {
        try unsafe withWriter { unsafe PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil) }
    }
}

@safe private final class CertificateHandle {
    let pointer: OpaquePointer

    init(pem: [UInt8]) throws {
        unsafe pointer = try unsafe withReader(pem) { unsafe PEM_read_bio_X509($0, nil, nil, nil) }
    }

    init(_ contents: Contents, key: KeyHandle, issuer: CertificateHandle?, issuerKey: KeyHandle) throws {
        unsafe pointer = try unsafe present(X509_new(), "certificate")
        try check(unsafe X509_set_version(pointer, 2), "version")
        var number: UInt64 = 0
        try check(unsafe withUnsafeMutableBytes(of: &number) { unsafe RAND_bytes($0.baseAddress, 8) }, "serial number")
        try check(unsafe ASN1_INTEGER_set_uint64(X509_get_serialNumber(pointer), number >> 1 | 1), "serial number")
        let (first, last) = contents.moments
        _ = unsafe X509_gmtime_adj(X509_getm_notBefore(pointer), first)
        _ = unsafe X509_gmtime_adj(X509_getm_notAfter(pointer), last)
        try check(unsafe X509_set_pubkey(pointer, key.pointer), "public key")
        let subject = unsafe X509_get_subject_name(pointer)
        let commonName = Array(contents.subject.utf8)
        try check(
            unsafe X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, commonName, Int32(commonName.count), -1, 0),
            "subject"
        )
        let issuerName = unsafe X509_get_subject_name(issuer.map { unsafe $0.pointer } ?? pointer)
        try check(unsafe X509_set_issuer_name(pointer, issuerName), "issuer")
        try add(NID_basic_constraints, contents.isAuthority ? "critical,CA:TRUE" : "critical,CA:FALSE", issuer)
        try add(
            NID_key_usage,
            contents.isAuthority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature",
            issuer
        )
        try add(NID_subject_key_identifier, "hash", issuer)
        if issuer != nil { try add(NID_authority_key_identifier, "keyid:always", issuer) }
        if !contents.isAuthority { try add(NID_ext_key_usage, "serverAuth", issuer) }
        if !contents.names.isEmpty { try add(NID_subject_alt_name, contents.alternativeNames, issuer) }
        guard unsafe X509_sign(pointer, issuerKey.pointer, EVP_sha256()) > 0 else {
            throw TestAuthority.Failure(operation: "signature")
        }
    }

    deinit { unsafe X509_free(pointer) }

    private func add(_ kind: Int32, _ value: String, _ issuer: CertificateHandle?) throws {
        var context = unsafe X509V3_CTX()
        let issuer = unsafe issuer.map { unsafe $0.pointer } ?? pointer
        unsafe X509V3_set_ctx(&context, issuer, pointer, nil, nil, 0)
        let made = unsafe X509V3_EXT_nconf_nid(nil, &context, kind, value)
        defer { unsafe X509_EXTENSION_free(made) }
        try check(unsafe X509_add_ext(pointer, try unsafe present(made, "extension"), -1), "extension")
    }

    func pem() throws -> [UInt8] {
        try unsafe withWriter { unsafe PEM_write_bio_X509($0, pointer) }
    }
}

private func check(_ result: Int32, _ operation: StaticString) throws {
    guard result == 1 else { throw TestAuthority.Failure(operation: operation) }
}

private func present(_ pointer: OpaquePointer?, _ operation: StaticString) throws -> OpaquePointer {
    guard let pointer = unsafe pointer else { throw TestAuthority.Failure(operation: operation) }
    return unsafe pointer
}

private func withReader(_ text: [UInt8], _ read: (OpaquePointer?) -> OpaquePointer?) throws -> OpaquePointer {
    // Sound: the BIO reads from the array's memory, and does not outlive the closure.
    unsafe try text.withUnsafeBytes { bytes in
        let memory = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
        defer { unsafe BIO_free(memory) }
        return try unsafe present(read(memory), "reading")
    }
}

private func withWriter(_ write: (OpaquePointer?) -> Int32) throws -> [UInt8] {
    let memory = unsafe BIO_new(BIO_s_mem())
    defer { unsafe BIO_free(memory) }
    try check(unsafe write(memory), "writing")
    var text = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(memory))
    // Sound: the array has room for all that is pending.
    let count = unsafe BIO_read(memory, &text, Int32(text.count))
    guard count == text.count else { throw TestAuthority.Failure(operation: "writing") }
    return text
}

package import Cryptography
import Grants
package import Timekeeping

/// What somebody wants an invitation to say, not yet looked at: texts as they were typed or sent.
package struct ConsentOrder: Sendable {
    package var customer: String
    package var credential: String
    /// nil or `common` for whichever tenant consents.
    package var tenant: String?
    package var scopes: [String] = []
    package var probe: String?
    package var lifetime: Duration?

    package init(customer: String, credential: String) {
        self.customer = customer
        self.credential = credential
    }
}

/// Why no invitation is made of an order: each case is one rule.
package enum ConsentOrderError: Error, Hashable, Sendable {
    case customer
    case credential
    case tenant
    /// Which tenant will consent is not known, so Microsoft lets nobody choose the permissions.
    case scopesWithoutTenant
    case scope(String)
    case probe
    case lifetime
    /// Each member is within its limit, but together they do not fit into an address.
    case tooLong
}

extension ConsentOrder {
    static let scopeLimit = 32
    static let scopeLimitBytes = 128

    /// Makes the invitation, with an ID of its own.
    package func invite(random: RandomSource, at now: Timestamp) throws(ConsentOrderError) -> ConsentInvite {
        guard isLine(customer, atMost: LinkOrder.nameLimitBytes) else { throw .customer }
        guard let credential = CredentialID(credential) else { throw .credential }
        let tenant = tenant == "common" ? nil : tenant
        if let tenant, !isTenant(tenant) { throw .tenant }
        guard scopes.isEmpty || tenant != nil else { throw .scopesWithoutTenant }
        var known: [String] = []
        for scope in scopes {
            guard isScope(scope), !known.contains(scope), known.count < ConsentOrder.scopeLimit else {
                throw .scope(scope)
            }
            known.append(scope)
        }
        if let probe, !isMailboxAddress(probe) { throw .probe }
        let lifetime = lifetime ?? ConsentInvite.standardLifetime
        guard ConsentInvite.lifetimes.contains(lifetime) else { throw .lifetime }
        guard let id = ConsentID(Base64.encode(random.bytes(12), .url)) else {
            preconditionFailure("base64url of 12 bytes has the form of a consent's ID")
        }
        let invite = ConsentInvite(
            id: id,
            customer: customer,
            credential: credential,
            tenant: tenant,
            scopes: scopes,
            probe: probe,
            expiresAt: now + lifetime
        )
        guard ConsentSeal.hasRoom(for: invite) else { throw .tooLong }
        return invite
    }

    /// RFC 6749 §3.3, without what a page or a shell would trip over.
    private func isScope(_ text: String) -> Bool {
        (1...ConsentOrder.scopeLimitBytes).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"):
                    true
                default: ".:/-_".utf8.contains(byte)
                }
            }
    }
}

/// The form of a tenant's ID or domain: 1 to 64 characters of `A-Z a-z 0-9 . -`.
func isTenant(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "-"):
                true
            default: false
            }
        }
}

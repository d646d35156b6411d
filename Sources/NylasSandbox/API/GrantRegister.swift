import HTTPSemantics
import Timekeeping

/// All grants of the application: at most one per address.
struct GrantRegister: Sendable {
    private var grants: [String: SandboxGrant] = [:]
    /// Addresses in lower case.
    private var identifiers: [String: String] = [:]

    var count: Int { grants.count }

    subscript(id: String) -> SandboxGrant? { grants[id] }

    /// Finds by any form a path may hold: the ID, the address, `grant:…` or `email:…`.
    func identifier(named text: String) -> String? {
        if grants[text] != nil { return text }
        if text.hasPrefix("grant:") { return grants[String(text.dropFirst(6))]?.id }
        let address = text.hasPrefix("email:") ? String(text.dropFirst(6)) : text
        return identifiers[address.lowercased()]
    }

    /// Makes sure that a record exists for a login that has been approved but not exchanged.
    ///
    /// A verified grant stays as it is: only the exchange changes it.
    ///
    /// - Returns: the ID its exchange will answer.
    mutating func prepare(_ login: SandboxGrant.Login, newID: String, at moment: Timestamp) -> String {
        if let id = identifiers[login.email.lowercased()], var grant = grants[id] {
            if !grant.isVerified {
                grant.login = login
                grant.updatedAt = moment
                grants[id] = grant
            }
            return id
        }
        grants[newID] = SandboxGrant(id: newID, login: login, at: moment)
        identifiers[login.email.lowercased()] = newID
        return newID
    }

    /// - Returns: nil if the grant was deleted since its code was issued.
    mutating func authenticate(_ id: String, _ login: SandboxGrant.Login, at moment: Timestamp) -> SandboxGrant? {
        grants[id]?.authenticate(login, at: moment)
        return grants[id]
    }

    mutating func update(_ id: String, _ change: (inout SandboxGrant) -> Void) -> SandboxGrant? {
        guard var grant = grants[id] else { return nil }
        change(&grant)
        grants[id] = grant
        return grant
    }

    mutating func remove(_ id: String) -> Bool {
        guard let grant = grants.removeValue(forKey: id) else { return false }
        identifiers[grant.login.email.lowercased()] = nil
        return true
    }

    /// A connector is gone: every grant of that provider stops at once.
    mutating func invalidate(provider: SandboxProvider) {
        for (id, grant) in grants where grant.login.provider == provider { grants[id]?.status = .invalid }
    }

    /// A credential is gone: what was made with it stops.
    mutating func invalidate(credential: String) {
        for (id, grant) in grants where grant.login.settings["credential_id"]?.text == credential {
            grants[id]?.status = .invalid
        }
    }

    /// The grants a list asks for, in its order, and before the page is cut out.
    func list(_ query: GrantQuery) -> [SandboxGrant] {
        let key: (SandboxGrant) -> Timestamp = query.sortsByUpdate ? { $0.updatedAt } : { $0.createdAt }
        return grants.values.filter(query.admits).sorted { left, right in
            let (first, second) = query.isAscending ? (left, right) : (right, left)
            // Equal times need a fixed order, or pages would overlap.
            return key(first) == key(second) ? first.id < second.id : key(first) < key(second)
        }
    }
}

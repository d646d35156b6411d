import HTTPSemantics
import Timekeeping

/// A grant as Nylas keeps it.
struct SandboxGrant: Sendable {
    enum Status: String, Sendable {
        case valid
        case invalid
    }

    /// What one login says about a grant; an exchange makes it true.
    struct Login: Sendable {
        var provider: SandboxProvider
        var email: String
        var scopes: [String]
        var state: String?
        var ip: String
        var userAgent: String?
        var isOffline: Bool
        /// What the grant's settings say of how it was made; empty for a hosted login.
        var settings: JSON = [:]
    }

    let id: String
    var login: Login
    var status: Status
    let createdAt: Timestamp
    /// The last authentication.
    var updatedAt: Timestamp
    /// Whether a code was ever exchanged for it. Until then it is listed as invalid and nobody can use it.
    var isVerified: Bool
    /// What `PATCH` wrote over the provider's settings.
    var settings: JSON

    init(id: String, login: Login, at moment: Timestamp) {
        self.id = id
        self.login = login
        status = .invalid
        createdAt = moment
        updatedAt = moment
        isVerified = false
        settings = [:]
    }

    /// One grant per address: a second login takes over an existing one, under the same ID.
    mutating func authenticate(_ login: Login, at moment: Timestamp) {
        self.login = login
        settings = login.settings
        status = .valid
        isVerified = true
        updatedAt = moment
    }

    var json: JSON {
        JSON.object([
            .init("id", .string(id)),
            .init("provider", .string(login.provider.rawValue)),
            .init("grant_status", .string(status.rawValue)),
            .init("email", .string(login.email)),
            .init("scope", JSON(login.scopes)),
            .init("state", JSON(login.state)),
            .init("ip", .string(login.ip)),
            .init("user_agent", JSON(login.userAgent)),
            .init("settings", settings),
            .init("blocked", false),
            .init("created_at", .integer(createdAt.secondsSince1970)),
            .init("updated_at", .integer(updatedAt.secondsSince1970)),
        ]).withoutNulls
    }
}

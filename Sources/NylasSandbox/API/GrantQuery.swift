import Timekeeping

/// The parameters of `GET /v3/grants`. Unknown ones are ignored.
struct GrantQuery: Sendable {
    var page: Page
    var sortsByUpdate: Bool
    var isAscending: Bool
    private var since: Int64?
    private var before: Int64?
    private var email: String?
    private var status: SandboxGrant.Status?
    private var provider: SandboxProvider?
    private var ip: String?
    private var workspace: String?

    init(_ parameters: Parameters) throws(APIViolation) {
        page = try Page(parameters)
        sortsByUpdate = try choice("sort_by", parameters, ["created_at", "updated_at"]) == "updated_at"
        isAscending = try choice("order_by", parameters, ["desc", "asc"]) == "asc"
        since = try parameters["since"].map { text throws(APIViolation) in try wholeNumber(text, "since") }
        before = try parameters["before"].map { text throws(APIViolation) in try wholeNumber(text, "before") }
        email = parameters["email"]
        status = try choice("grant_status", parameters, ["valid", "invalid"]).flatMap(SandboxGrant.Status.init)
        if let name = parameters["provider"] {
            guard let known = SandboxProvider(rawValue: name) else { throw .invalidParameter("provider") }
            provider = known
        }
        ip = parameters["ip"]
        workspace = parameters["workspace_id"]
    }

    func admits(_ grant: SandboxGrant) -> Bool {
        let created = grant.createdAt.secondsSince1970
        // Grants made here are in the default workspace, which has no ID.
        return workspace == nil && created >= since ?? .min && created <= before ?? .max
            && (email == nil || email == grant.login.email) && (status == nil || status == grant.status)
            && (provider == nil || provider == grant.login.provider) && (ip == nil || ip == grant.login.ip)
    }
}

/// `limit` and `offset`, as grants, connectors and credentials are paged.
struct Page: Sendable {
    static let limitAtMost = 200

    var limit: Int
    var offset: Int

    init(_ parameters: Parameters) throws(APIViolation) {
        limit = 10
        offset = 0
        if let text = parameters["limit"] { limit = Int(clamping: try wholeNumber(text, "limit")) }
        if let text = parameters["offset"] { offset = Int(clamping: try wholeNumber(text, "offset")) }
        guard (1...Page.limitAtMost).contains(limit) else { throw .invalidParameter("limit") }
    }

    func cut<Element>(_ elements: [Element]) -> ArraySlice<Element> {
        elements.dropFirst(offset).prefix(limit)
    }
}

/// Digits only: `Int64("+5")` accepts a sign.
private func wholeNumber(_ text: String, _ name: String) throws(APIViolation) -> Int64 {
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int64(text)
    else {
        throw .invalidParameter(name)
    }
    return number
}

/// One of the values, or nil where there is none.
func choice(
    _ name: String,
    _ parameters: Parameters,
    _ values: [String]
) throws(APIViolation) -> String? {
    guard let text = parameters[name] else { return nil }
    guard values.contains(text) else { throw .invalidParameter(name) }
    return text
}

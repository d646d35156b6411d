import ConnectApp
import GrantStore
import HTTPSemantics

extension LinkRoutes {
    /// What a call orders: as it says itself, or as the grant says that is to be connected again.
    ///
    /// - Parameter content: fits the schema.
    func order(_ content: JSON) async throws(APIProblem) -> LinkOrder {
        let owner = content["owner"]?.text ?? ""
        guard let grant = content["reconnect"]?.text else {
            var order = LinkOrder(owner: owner)
            order.expectedAddress = content["expected_address"]?.text
            order.loginHint = content["login_hint"]?.text
            order.providers = content["providers"]?.elements?.compactMap(\.text) ?? []
            order.say(content)
            return order
        }
        let known = ["expected_address", "login_hint", "providers"].filter { ![nil, .null].contains(content[$0]) }
        guard known.isEmpty else {
            throw APIProblem(
                .invalidContent,
                misfits: known.map {
                    Misfit(pointer: "/\($0)", detail: "Is taken from the grant: leave it out where reconnect is there.")
                }
            )
        }
        do throws(ReconnectError) {
            var order = try await LinkOrder.reconnecting(grant, owner: owner, in: store)
            order.say(content)
            return order
        } catch {
            throw error.problem
        }
    }
}

extension LinkOrder {
    /// What every order can say.
    fileprivate mutating func say(_ content: JSON) {
        ownerName = content["owner_name"]?.text
        profile = content["profile"]?.text
        if let members = content["tags"]?.members {
            tags = [:]
            for tag in members { tags[tag.name] = tag.value.text }
        }
        binding = content["binding"]?.text.flatMap(Binding.init(rawValue:)) ?? .baseline
        returnURL = content["return_url"]?.text
        lifetime = content["expires_in"]?.number.map { .seconds($0) }
    }
}

extension ReconnectError {
    fileprivate var problem: APIProblem {
        func problem(_ code: APIProblem.Code, _ pointer: String, _ detail: String) -> APIProblem {
            APIProblem(code, misfits: [Misfit(pointer: pointer, detail: detail)])
        }
        return switch self {
        case .grant: problem(.invalidContent, "/reconnect", "Must have the form of a grant's ID.")
        case .owner: problem(.invalidContent, "/owner", LinkOrderError.ownerRule)
        case .unknownGrant: problem(.notFound, "/reconnect", "There is no such grant, or it is being deleted.")
        case .notOwner: problem(.notFound, "/owner", "This owner does not hold the grant.")
        case .noAddress:
            problem(.invalidContent, "/reconnect", "Nylas gave no address for it, so none can be asked for.")
        case .provider: problem(.invalidContent, "/reconnect", "Its provider has no page to sign in at.")
        case .store: APIProblem(.storeUnavailable, retryAfter: .seconds(5))
        }
    }
}

extension LinkOrderError {
    fileprivate static let ownerRule = "Must be 1 to 128 bytes on one line."

    /// Which member breaks the rule: in an order to connect a grant again, what comes from the grant is the grant's.
    func misfit(of order: LinkOrder) -> Misfit {
        switch self {
        case .owner: Misfit(pointer: "/owner", detail: Self.ownerRule)
        case .ownerName: Misfit(pointer: "/owner_name", detail: "Must be 1 to 120 bytes on one line.")
        case .expectedAddress where order.isReconnection:
            Misfit(pointer: "/reconnect", detail: "Its address is none that can be asked for.")
        case .expectedAddress: Misfit(pointer: "/expected_address", detail: "Must be an e-mail address.")
        case .loginHint: Misfit(pointer: "/login_hint", detail: "Must be an e-mail address.")
        case .providers where order.isReconnection:
            Misfit(pointer: "/reconnect", detail: "Its provider is not on offer (connect.providers).")
        case .providers: Misfit(pointer: "/providers", detail: "Must be offered, and named once.")
        case .profile: Misfit(pointer: "/profile", detail: "There is no access profile of this name.")
        case .tags:
            Misfit(
                pointer: "/tags",
                detail: "At most 8, names of 1 to 40 bytes, values of at most 120, on one line."
            )
        case .pinnedWithoutAddress: Misfit(pointer: "/binding", detail: "pinned needs expected_address.")
        case .confirmedWithoutAddress:
            Misfit(pointer: "/binding", detail: "confirmed needs connect.confirmationURL in the configuration.")
        case .returnURL: Misfit(pointer: "/return_url", detail: "Must be one of connect.returnURLs, byte for byte.")
        case .lifetime: Misfit(pointer: "/expires_in", detail: "Must be 60 to 604800.")
        case .tooLong:
            Misfit(
                pointer: "",
                detail: "All of it together is too long for a browser's cookie. Use shorter tags or a shorter name."
            )
        }
    }
}

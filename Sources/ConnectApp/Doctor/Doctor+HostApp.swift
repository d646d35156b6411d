extension Doctor {
    /// The way back to the host app, and its word on who came.
    func examineHostApp() -> Finding {
        let (returns, confirmation) = (configuration.returnURLs, configuration.confirmationURL)
        let subject = "connect.returnURLs"
        guard !returns.isEmpty || confirmation != nil else {
            return Finding(subject, .ok, "none: result pages have no way back to your software")
        }
        guard !configuration.apiTokens.isEmpty else {
            return Finding(
                subject,
                .warning,
                "people come back to your software, and no token can ask how it ended",
                advice: "Make one with postern tokens create: a handle is worth nothing without."
            )
        }
        guard confirmation == nil || configuration.apiTokens.contains(where: { $0.scope == .write }) else {
            return Finding(
                "connect.confirmationURL",
                .warning,
                "your software is asked who is signed in, and no token may answer",
                advice: "Make one with postern tokens create whose scope is write."
            )
        }
        let count = returns.count == 1 ? "1 address" : "\(returns.count) addresses"
        return Finding(subject, .ok, confirmation == nil ? count : "\(count), and one that confirms who is signed in")
    }
}

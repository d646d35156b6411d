import HTTPSemantics

/// Makes the request IDs of one connection: a random series and a count, so that the lines of a log that belong to one
/// connection can be seen to, and an ID costs no randomness.
struct RequestNumbering {
    /// Not a secret: an ID is shown to the client.
    private let series = UInt64.random(in: .min ... .max)
    private var count: UInt32 = 0

    mutating func next() -> RequestID {
        // After four billion requests on one connection an ID comes again.
        count &+= 1
        return RequestID(series: series, number: count)
    }
}

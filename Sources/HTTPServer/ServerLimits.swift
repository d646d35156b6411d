/// What one client may take of the server's time and memory. Beyond a limit it gets the standard's answer, or is cut.
package struct ServerLimits: Sendable {
    /// For `secure`, such as a TLS handshake.
    package var handshakeTime: Duration = .seconds(10)
    /// From the first byte of a request line, or from accepting the connection, to the end of the head: else 408.
    package var headTime: Duration = .seconds(10)
    /// From the end of the head to the end of the content: else 408.
    package var contentTime: Duration = .seconds(30)
    /// From one response to the first byte of the next request: else the connection is closed without a word.
    package var idleTime: Duration = .seconds(60)
    /// Of the idle time, how long the connection keeps the task of its last request: one that rests longer costs a new task
    /// when it goes on, and until then nearly no memory.
    package var restTime: Duration = .milliseconds(500)
    /// From the first byte of a response to its last.
    package var writeTime: Duration = .seconds(30)
    /// How long a client is listened to after the last response, so that what it still sends does not reset the
    /// connection before it has read that response (RFC 9112 §9.6).
    package var lingerTime: Duration = .seconds(5)
    /// How much is read meanwhile.
    package var lingerBytes = 4 << 20
    package var connections = 20_000
    /// Of one IPv4 address or one IPv6 /64, which is what one customer of a provider gets.
    package var connectionsPerClient = 256
    /// How long after the beginning of a shutdown a connection may still bring its first request: a client that has just
    /// connected has most likely sent one.
    package var unusedGrace: Duration = .seconds(1)
    /// From the beginning of a shutdown to the cancelling of requests in hand.
    package var shutdownGrace: Duration = .seconds(20)

    package init() {}
}

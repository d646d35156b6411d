import Sockets

/// A connection to an origin, with TLS on it where the origin wants it.
struct OriginConnection: Sendable {
    /// What HTTP is spoken over.
    var stream: any ByteStream
    /// What is underneath: knows how much has left, and whether anything has come.
    var transport: TCPStream
    /// When it was last given back.
    var keptSince: Deadline

    init(stream: any ByteStream, transport: TCPStream) {
        self.stream = stream
        self.transport = transport
        keptSince = .now
    }

    func close() {
        stream.close()
        transport.close()
    }
}

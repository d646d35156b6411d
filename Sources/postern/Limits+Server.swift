import ConnectApp
import HTTP1
import HTTPServer

extension ServerLimits {
    /// The limits of the configuration in the server's terms; what has no key keeps its default.
    init(_ limits: Limits) {
        self.init()
        handshakeTime = .seconds(limits.handshakeSeconds)
        headTime = .seconds(limits.headSeconds)
        contentTime = .seconds(limits.contentSeconds)
        idleTime = .seconds(limits.idleSeconds)
        writeTime = .seconds(limits.writeSeconds)
        shutdownGrace = .seconds(limits.shutdownGraceSeconds)
        connections = limits.connections
        connectionsPerClient = limits.connectionsPerClient
    }
}

extension MessageLimits {
    init(_ limits: Limits) {
        self.init()
        startLineBytes = limits.requestLineBytes
        fieldBytes = limits.fieldBytes
        fieldSectionBytes = limits.fieldSectionBytes
        fields = limits.fieldCount
    }
}

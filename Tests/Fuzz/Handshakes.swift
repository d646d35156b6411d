import TestSupport

@testable import TLS

/// A server's engine at the mercy of its peer.
///
/// The first octet chooses: octets as they are · a real client's first flight with some octets changed · octets after a
/// handshake that went well. Each second octet says how far the pieces reach.
func handshake(_ input: [UInt8]) {
    guard let choice = input.first, let contexts else { return }
    var server = contexts.server.makeEngine()
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    let rest = Array(input.dropFirst())
    switch choice % 3 {
    case 0:
        toServer = rest
    case 1:
        guard var client = contexts.client.makeEngine(host: "localhost") else { return }
        var nothing: [UInt8] = []
        _ = try? client.handshake(&nothing, &toServer)
        for change in stride(from: 0, to: rest.count - 2, by: 3) {
            let place = (Int(rest[change]) << 8 | Int(rest[change + 1])) % toServer.count
            toServer[place] ^= rest[change + 2]
        }
    default:
        guard var client = contexts.client.makeEngine(host: "localhost") else { return }
        for _ in 0..<4 {
            _ = try? client.handshake(&toClient, &toServer)
            _ = try? server.handshake(&toServer, &toClient)
        }
        toServer = rest
    }
    let size = max(1, Int(choice) >> 2)
    var arrived: [UInt8] = []
    var plaintext: [UInt8] = []
    while !toServer.isEmpty {
        arrived += toServer.prefix(size)
        toServer.removeFirst(min(size, toServer.count))
        do throws(TLSFailure) {
            if try server.handshake(&arrived, &toClient) == .needsRecords { continue }
            while case .bytes = try server.read(&arrived, &toClient, into: &plaintext, limit: 100) {}
        } catch {
            break
        }
        require(arrived.count <= TLSEngine.recordBytes + 2048, "more than a record waits")
    }
    require(plaintext.isEmpty, "plaintext out of nothing")
    require(toClient.count < 1 << 16, "much made of little")
    server.finishWriting(&toClient)
}

private let contexts: (server: TLSServerContext, client: TLSClientContext)? = {
    guard let authority = try? TestAuthority(), let identity = try? authority.issue(for: ["localhost"]),
        let server = try? TLSServerContext(
            certificateChain: identity.certificateChain,
            privateKey: identity.privateKey
        ),
        let client = try? TLSClientContext(trust: .certificates(authority.certificate))
    else { return nil }
    return (server, client)
}()

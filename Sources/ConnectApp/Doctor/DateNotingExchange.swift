import HTTPSemantics
import HTTPTypes
import Synchronization
import Timekeeping

/// Notes the Date field of what passes, by which the doctor compares clocks.
final class DateNotingExchange: HTTPExchange {
    private let exchange: any HTTPExchange
    private let noted = Mutex<Timestamp?>(nil)

    init(_ exchange: any HTTPExchange) {
        self.exchange = exchange
    }

    var lastDate: Timestamp? { noted.withLock { $0 } }

    func response(to request: OutboundRequest) async throws(ExchangeError) -> OutboundResponse {
        let response = try await exchange.response(to: request)
        if let date = response.head.headerFields[.date].flatMap({ HTTPDate.parse($0) }) {
            noted.withLock { $0 = date }
        }
        return response
    }
}

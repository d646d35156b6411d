import ConnectApp
import GrantStore
import Grants
import HTTP1
import HTTPSemantics
import HTTPTypes
import Metrics
import Sockets
import Testing
import Timekeeping

@testable import HTTPServer
@testable import postern

@Suite("Metrics of a running Postern")
struct TelemetryTests {
    private func lines(_ write: (inout Exposition) -> Void) -> [Substring] {
        var exposition = Exposition(.openMetrics)
        write(&exposition)
        return String(decoding: exposition.finished(), as: UTF8.self).split(separator: "\n")
    }

    private func record(
        _ method: HTTPRequest.Method? = .get,
        _ route: String? = "/",
        _ status: HTTPResponse.Status = .ok,
        refusal: Refusal? = nil
    ) -> AccessRecord {
        AccessRecord(
            requestID: RequestID("r"),
            method: method,
            routeTemplate: route,
            status: status,
            contentBytes: 100,
            duration: .milliseconds(2),
            endedAt: Timestamp(secondsSince1970: 1_787_302_200),
            client: .local,
            isSecure: false,
            isComplete: true,
            refusal: refusal
        )
    }

    @Test func `requests are told apart by route, method and status, and only those that were are told`() {
        let metrics = ServerMetrics(routes: ["/", "/c/{id}"])
        metrics.note(record())
        metrics.note(record())
        metrics.note(record(.post, "/c/{id}", .seeOther))
        metrics.note(record(nil, nil, .badRequest, refusal: .violation(.missingHost)))
        let lines = lines(metrics.write)
        #expect(
            lines.filter { $0.hasPrefix("postern_requests_total") } == [
                "postern_requests_total{route=\"-\",method=\"-\",status=\"400\"} 1",
                "postern_requests_total{route=\"/\",method=\"GET\",status=\"200\"} 2",
                "postern_requests_total{route=\"/c/{id}\",method=\"POST\",status=\"303\"} 1",
            ]
        )
        #expect(lines.contains("postern_requests_refused_total{rule=\"missing_host\"} 1"))
        #expect(lines.contains("postern_response_content_bytes_total 400"))
        #expect(lines.contains("postern_request_duration_seconds_bucket{route=\"/\",le=\"0.001\"} 0"))
        #expect(lines.contains("postern_request_duration_seconds_bucket{route=\"/\",le=\"0.005\"} 2"))
    }

    @Test func `whatever comes in, there are as many series as before`() {
        let metrics = ServerMetrics(routes: ["/"])
        metrics.note(record(HTTPRequest.Method("LEAKMARKER"), "/LEAKMARKER", .init(code: 999)))
        metrics.note(record(HTTPRequest.Method("BREW"), "/other", .init(code: 299)))
        let lines = lines(metrics.write)
        #expect(!lines.contains { $0.contains("LEAKMARKER") || $0.contains("BREW") || $0.contains("\"999\"") })
        #expect(lines.contains("postern_requests_total{route=\"-\",method=\"other\",status=\"other\"} 2"))
    }

    @Test func `connections open are those that began and have not ended`() {
        let metrics = ServerMetrics(routes: [])
        for _ in 0..<3 { metrics.note(ServerEvent.connectionOpened) }
        metrics.note(ServerEvent.connectionClosed)
        metrics.note(ServerEvent.connectionRefused(.client))
        metrics.note(ServerEvent.handshakeDone(.init(version: .tls13, isResumed: true)))
        metrics.note(ServerEvent.handshakeDone(nil))
        metrics.note(ServerEvent.handshakeFailed(.timedOut))
        metrics.note(ServerEvent.acceptFailed)
        let lines = lines(metrics.write)
        for line in [
            "postern_connections_open 2", "postern_connections_total 3",
            "postern_connections_refused_total{limit=\"total\"} 0",
            "postern_connections_refused_total{limit=\"client\"} 1",
            "postern_tls_handshakes_total{version=\"1.3\",resumed=\"yes\"} 1",
            "postern_tls_handshakes_total{version=\"1.3\",resumed=\"no\"} 0",
            "postern_tls_handshakes_total{version=\"-\",resumed=\"no\"} 1",
            "postern_tls_handshake_failures_total{reason=\"timed_out\"} 1", "postern_accept_failures_total 1",
        ] {
            #expect(lines.contains(line[...]))
        }
    }

    @Test func `every step of the funnel has its counter`() {
        let flows = FlowMetrics()
        for count: FlowCount in [
            .started(.google), .started(nil), .startRefused(.notSameOrigin), .callbackRefused(.stateMismatch),
            .answered(.connected), .handsFull, .settling, .nylasFailed(.exchange, .noAnswer), .storeFailed(.takeOver),
            .disconnected(isLast: false), .disconnected(isLast: true), .revoked,
        ] {
            flows.note(count)
        }
        let ones = lines { flows.write(to: &$0, inHand: (2, 1)) }.filter { !$0.hasPrefix("#") && $0.hasSuffix(" 1") }
        #expect(
            ones == [
                "postern_flows_started_total{provider=\"google\"} 1", "postern_flows_started_total{provider=\"any\"} 1",
                "postern_flow_starts_refused_total{reason=\"not_same_origin\"} 1",
                "postern_callbacks_refused_total{rule=\"state_mismatch\"} 1",
                "postern_flows_answered_total{verdict=\"connected\"} 1", "postern_flows_turned_away_total 1",
                "postern_flows_unclear_total 1", "postern_flows_in_hand{stage=\"settling\"} 1",
                "postern_disconnected_total{remaining=\"others\"} 1",
                "postern_disconnected_total{remaining=\"nobody\"} 1", "postern_grants_revoked_total 1",
                "postern_nylas_failures_total{call=\"exchange\",failure=\"no_answer\"} 1",
                "postern_flow_store_failures_total{step=\"take_over\"} 1",
            ]
        )
    }

    @Test(arguments: [
        ("", Exposition.Format.openMetrics), ("*/*", .openMetrics), ("text/html, */*;q=0.8", .openMetrics),
        ("application/openmetrics-text", .openMetrics), ("nonsense", .openMetrics),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", .openMetrics),
        ("text/plain", .prometheusText), ("text/plain;version=0.0.4;q=0.5", .prometheusText),
        ("application/openmetrics-text;q=0.1, text/plain", .prometheusText), ("text/*", .prometheusText),
    ])
    func `the format is OpenMetrics unless plain text is preferred`(_ accept: String, _ format: Exposition.Format) {
        #expect(Telemetry.format(accepting: accept.isEmpty ? [:] : [.accept: accept]) == format)
    }

    @Test func `the process tells of itself`() throws {
        let lines = lines { ProcessMetrics.write(to: &$0, started: Timestamp(secondsSince1970: 1_787_302_200)) }
        func value(_ name: String) throws -> Double {
            let line = try #require(lines.first { $0.hasPrefix(name + " ") })
            return try #require(Double(line.dropFirst(name.count + 1)))
        }
        #expect(try value("process_resident_memory_bytes") > 1_000_000)
        #expect(try value("process_cpu_seconds_total") > 0)
        #expect(try value("process_start_time_seconds") == 1_787_302_200)
        let before = try value("process_open_fds")
        #expect(before >= 3)
        #expect(try value("process_max_fds") >= before)
    }

    @Test func `the table in docs/operating.md lists every metric, and no other`() throws {
        let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        let text = String(decoding: try #require(Files.read(root + "/docs/operating.md")), as: UTF8.self)
        let kinds: Set<Substring> = [" counter ", " gauge ", " histogram ", " info "]
        let rows = text.split(separator: "\n").filter { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            return cells.count > 3 && kinds.contains(cells[2])
        }
        let expected = Metric.all.map { family in
            let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(family.sampleName)` | \(family.kind.rawValue) | \(labels) | \(family.help) |"
        }
        #expect(rows.map(String.init) == expected)
        #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
        #expect(text.contains(ServerMetrics.durationBounds.map { "\($0 / .seconds(1))" }.joined(separator: ", ")))
        #expect(text.contains(LoopLag.bounds.map { "\($0 / .seconds(1))" }.joined(separator: ", ")))
        #expect(text.contains(StoreReads.bounds.map { "\($0 / .seconds(1))" }.joined(separator: ", ")))
    }
}

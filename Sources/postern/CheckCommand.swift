import ArgumentParser
import ConnectApp
import FoundationEssentials
import GrantStore
import Timekeeping

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "The doctor: looks at everything that must be right before anyone can connect.",
        discussion: """
            Examines the configuration, the file store, the certificate, and at Nylas the key, the region, the redirect URI,
            the connectors and the clock. Changes nothing at Nylas. Exit status 0 only if there is no fault.

            Example: postern check --config config.json
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @Flag(name: .long, help: "One JSON object instead of a table.") var json = false

    func run() async throws {
        let configuration = try options.read()
        var findings = [Finding("configuration", .ok, "complete and without contradiction")]
        findings += await examineStore(configuration.dataDirectory)
        let certificates = configuration.tls.map { Certificates.facts($0) }
        let doctor: [Finding] = try await Outbound.with(configuration) { exchange in
            let doctor = Doctor(configuration: configuration, exchange: exchange, wallClock: .system)
            return doctor.examineConfiguration(certificates: certificates) + (await doctor.examineNylas())
        }
        findings.append(DescriptorLimit.finding(configuration.limits))
        findings += doctor
        print(json ? try jsonText(findings, configuration.effective) : table(findings, configuration.effective))
        let faults = findings.count { $0.verdict == .fault }
        if faults > 0 {
            throw CommandFailure(message: faults == 1 ? "1 fault: see above." : "\(faults) faults: see above.")
        }
    }

    private func examineStore(_ directory: String) async -> [Finding] {
        do throws(StoreError) {
            let store = try FileGrantStore(directory: directory)
            try await store.checkWritable()
            await store.close()
            return [Finding("file store", .ok, "\(directory) can be written")]
        } catch {
            return [Finding("file store", .fault, directory, advice: error.sentence)]
        }
    }

    private func table(_ findings: [Finding], _ effective: [EffectiveSetting]) -> String {
        let settings = GrantOutput.columns(
            [["KEY", "VALUE", "FROM"]] + effective.map { [$0.key, $0.value, $0.source] }
        )
        let marks: [Finding.Verdict: String] = [.ok: "ok", .warning: "WARNING", .fault: "FAULT", .skipped: "skipped"]
        var lines: [String] = []
        let width = findings.map(\.subject.count).max() ?? 0
        for finding in findings {
            let mark = marks[finding.verdict] ?? ""
            lines.append(
                mark + String(repeating: " ", count: 9 - mark.count) + finding.subject
                    + String(repeating: " ", count: width - finding.subject.count + 2) + finding.detail
            )
            if !finding.advice.isEmpty {
                lines.append(String(repeating: " ", count: 11 + width) + "→ " + finding.advice)
            }
        }
        return settings + "\n\n" + lines.joined(separator: "\n")
    }

    private struct Report: Encodable {
        struct Line: Encodable {
            var subject: String
            var verdict: String
            var detail: String
            var advice: String
        }
        struct Setting: Encodable {
            var key: String
            var value: String
            var source: String
        }

        var findings: [Line]
        var settings: [Setting]
    }

    private func jsonText(_ findings: [Finding], _ effective: [EffectiveSetting]) throws -> String {
        let report = Report(
            findings: findings.map {
                .init(subject: $0.subject, verdict: $0.verdict.rawValue, detail: $0.detail, advice: $0.advice)
            },
            settings: effective.map { .init(key: $0.key, value: $0.value, source: $0.source) }
        )
        return GrantOutput.encode(report)
    }
}

import ConnectApp
import GrantStore
import Grants
import Metrics

/// Counts the funnel: from the button to the answer.
final class FlowMetrics: Sendable {
    /// One row more: Nylas asks for the provider.
    private let started = CounterTable(rows: Provider.allCases.count + 1)
    private let startsRefused = CounterTable(rows: FlowCount.StartRefusal.allCases.count)
    private let callbacksRefused = CounterTable(rows: FlowCount.CallbackRefusal.allCases.count)
    private let answered = CounterTable(rows: FlowOutcome.Verdict.allCases.count)
    private let replayed = CounterTable(rows: FlowOutcome.Verdict.allCases.count)
    private let parked = CounterTable()
    private let turnedAway = CounterTable()
    private let unclear = CounterTable()
    private let nylasFailures = CounterTable(
        rows: FlowCount.NylasCall.allCases.count,
        columns: FlowCount.NylasFailure.allCases.count
    )
    /// Others remain; nobody does.
    private let disconnected = CounterTable(rows: 2)
    private let revoked = CounterTable()
    private let consents = CounterTable(rows: FlowCount.ConsentStep.allCases.count)
    private let storeFailures = CounterTable(rows: FlowCount.StoreStep.allCases.count)

    func note(_ count: FlowCount) {
        switch count {
        case .started(let provider): started.add(row: provider?.index ?? Provider.allCases.count)
        case .startRefused(let reason): startsRefused.add(row: reason.index)
        case .callbackRefused(let rule): callbacksRefused.add(row: rule.index)
        case .answered(let verdict): answered.add(row: verdict.index)
        case .replayed(let verdict): replayed.add(row: verdict.index)
        case .parked: parked.add()
        case .handsFull: turnedAway.add()
        case .settling: unclear.add()
        case .nylasFailed(let call, let failure): nylasFailures.add(row: call.index, column: failure.index)
        case .storeFailed(let step): storeFailures.add(row: step.index)
        case .disconnected(let isLast): disconnected.add(row: isLast ? 1 : 0)
        case .revoked: revoked.add()
        case .consent(let step): consents.add(row: step.index)
        }
    }

    func write(to exposition: inout Exposition, inHand: (exchanging: Int, settling: Int)) {
        exposition.write(Metric.flowsStarted) { samples in
            for (row, name) in (Provider.allCases.map(\.rawValue) + ["any"]).enumerated() {
                samples.add(started.value(row: row), name)
            }
        }
        write(Metric.startsRefused, startsRefused, FlowCount.StartRefusal.self, to: &exposition)
        write(Metric.callbacksRefused, callbacksRefused, FlowCount.CallbackRefusal.self, to: &exposition)
        write(Metric.flowsAnswered, answered, FlowOutcome.Verdict.self, to: &exposition)
        write(Metric.flowsReplayed, replayed, FlowOutcome.Verdict.self, to: &exposition)
        exposition.write(Metric.flowsParked) { $0.add(parked.value()) }
        exposition.write(Metric.flowsTurnedAway) { $0.add(turnedAway.value()) }
        exposition.write(Metric.flowsUnclear) { $0.add(unclear.value()) }
        exposition.write(Metric.flowsInHand) { samples in
            samples.add(inHand.exchanging, "exchanging")
            samples.add(inHand.settling, "settling")
        }
        exposition.write(Metric.disconnected) { samples in
            samples.add(disconnected.value(row: 0), "others")
            samples.add(disconnected.value(row: 1), "nobody")
        }
        exposition.write(Metric.revoked) { $0.add(revoked.value()) }
        write(Metric.consents, consents, FlowCount.ConsentStep.self, to: &exposition)
        exposition.write(Metric.nylasFailures) { samples in
            for call in FlowCount.NylasCall.allCases {
                for failure in FlowCount.NylasFailure.allCases {
                    let count = nylasFailures.value(row: call.index, column: failure.index)
                    samples.add(count, call.rawValue, failure.rawValue)
                }
            }
        }
        write(Metric.storeFailures, storeFailures, FlowCount.StoreStep.self, to: &exposition)
    }

    /// A counter for each case of an enum.
    private func write<Cases: CaseIterable & RawRepresentable<String>>(
        _ family: MetricFamily,
        _ table: CounterTable,
        _: Cases.Type,
        to exposition: inout Exposition
    ) {
        exposition.write(family) { samples in
            for (row, name) in Cases.allCases.enumerated() { samples.add(table.value(row: row), name.rawValue) }
        }
    }
}

import BulkGrants
import GrantStore
import Logging

extension LogOutput {
    /// What the server does about bulk runs: IDs, words and numbers of ours.
    func write(_ event: BulkService.Event) {
        switch event {
        case .began(let run):
            write(level: .info, event: "bulk run", [("run", .text(run.text)), ("work", .text("began"))])
        case .ended(let run, let end, let counts):
            let rows = BulkRow.Standing.allCases.filter { counts[$0] > 0 }.map {
                ($0.rawValue, LogOutput.Value.number(counts[$0]))
            }
            write(
                level: end.isAsItShould ? .info : .warning,
                event: "bulk run",
                [("run", .text(run.text)), ("work", .text(end.reason))] + rows
            )
        }
    }
}

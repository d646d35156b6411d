import Timekeeping

extension Connection {
    func receipt(of flow: FlowID) throws(SQLiteFailure) -> ResultReceipt? {
        try row("SELECT answered_at, token, told_at FROM result_receipt WHERE digest = ?", .blob(flow.digest)) {
            (row) throws(SQLiteFailure) in
            ResultReceipt(answeredAt: try row.time(), token: try row.text(), toldAt: try row.time())
        }
    }

    func save(_ receipt: ResultReceipt, of flow: FlowID) throws(SQLiteFailure) {
        try run(
            "INSERT OR REPLACE INTO result_receipt (digest, answered_at, token, told_at) VALUES (?, ?, ?, ?)",
            .blob(flow.digest),
            .time(receipt.answeredAt),
            .text(receipt.token),
            .time(receipt.toldAt)
        )
    }

    func confirmation(of flow: FlowID) throws(SQLiteFailure) -> FlowConfirmation? {
        try row("SELECT standing, callback_at, decided_at FROM confirmation WHERE digest = ?", .blob(flow.digest)) {
            (row) throws(SQLiteFailure) in
            guard let standing = FlowConfirmation.Standing(rawValue: try row.text()) else { throw .unreadableValue }
            return FlowConfirmation(standing, callbackAt: try row.time(), decidedAt: try row.time())
        }
    }

    func save(_ confirmation: FlowConfirmation, of flow: FlowID) throws(SQLiteFailure) {
        try run(
            "INSERT OR REPLACE INTO confirmation (digest, standing, callback_at, decided_at) VALUES (?, ?, ?, ?)",
            .blob(flow.digest),
            .text(confirmation.standing.rawValue),
            .time(confirmation.callbackAt),
            .time(confirmation.decidedAt)
        )
    }

    /// Forgets what was told and said about flows that are forgotten themselves.
    func deleteHostWords(before moment: Timestamp) throws(SQLiteFailure) {
        try run("DELETE FROM result_receipt WHERE told_at < ?", .time(moment))
        try run("DELETE FROM confirmation WHERE decided_at < ?", .time(moment))
    }
}

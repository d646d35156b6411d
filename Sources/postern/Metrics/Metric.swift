import Metrics

/// Every metric there is: docs/operating.md has them in a table, which a test compares with this list.
///
/// The values of labels are cases of our own enums, templates of our own routes and names from the configuration; never a path, a
/// client, an address.
enum Metric {
    static let build = MetricFamily("postern_build", .info, labels: ["version"], "Which Postern this is.")

    // Connections
    static let connectionsOpen = MetricFamily("postern_connections_open", .gauge, "Connections of clients now.")
    static let connections = MetricFamily("postern_connections", .counter, "Connections that were admitted.")
    static let connectionsRefused = MetricFamily(
        "postern_connections_refused",
        .counter,
        labels: ["limit"],
        "Connections beyond the limit of all or of one client."
    )
    static let acceptFailures = MetricFamily(
        "postern_accept_failures",
        .counter,
        "Times when no connection could be accepted for want of descriptors or memory."
    )
    static let handshakes = MetricFamily(
        "postern_tls_handshakes",
        .counter,
        labels: ["version", "resumed"],
        "TLS handshakes that were done."
    )
    static let handshakeFailures = MetricFamily(
        "postern_tls_handshake_failures",
        .counter,
        labels: ["reason"],
        "TLS handshakes that ended early."
    )

    // Certificates
    static let certificateRemaining = MetricFamily(
        "postern_certificate_remaining_seconds",
        .gauge,
        unit: "seconds",
        labels: ["certificate", "key"],
        "Until a certificate in use expires; the log says at start and at each change which one has which number."
    )
    static let certificateReloads = MetricFamily(
        "postern_certificate_reloads",
        .counter,
        "Times when other certificates were put to use."
    )
    static let certificateReloadFailures = MetricFamily(
        "postern_certificate_reload_failures",
        .counter,
        "Changed certificates that were refused; what was in use stays in use."
    )
    static let certificatesRefused = MetricFamily(
        "postern_certificates_refused",
        .gauge,
        "Certificates that lie on the disk now and are refused."
    )

    // Requests
    static let requests = MetricFamily(
        "postern_requests",
        .counter,
        labels: ["route", "method", "status"],
        "Requests that were answered; no route is \"-\"."
    )
    static let requestDuration = MetricFamily(
        "postern_request_duration_seconds",
        .histogram,
        unit: "seconds",
        labels: ["route"],
        "From the end of a request's head to the end of the writing of its response."
    )
    static let contentBytes = MetricFamily(
        "postern_response_content_bytes",
        .counter,
        unit: "bytes",
        "Content of responses that was handed to the system."
    )
    static let refusals = MetricFamily(
        "postern_requests_refused",
        .counter,
        labels: ["rule"],
        "Requests that broke a rule or a limit of the server's."
    )

    // The process
    static let loopLag = MetricFamily(
        "postern_event_loop_lag_seconds",
        .histogram,
        unit: "seconds",
        labels: ["loop"],
        "How long a job waited for its turn on an event loop, sampled once a second."
    )
    static let loopLagNow = MetricFamily(
        "postern_event_loop_lag_current_seconds",
        .gauge,
        unit: "seconds",
        labels: ["loop"],
        "The last of these samples; while one still waits, how long it has."
    )
    static let cpu = MetricFamily("process_cpu_seconds", .counter, unit: "seconds", "CPU time, user and system.")
    static let residentMemory = MetricFamily(
        "process_resident_memory_bytes",
        .gauge,
        unit: "bytes",
        "Resident memory."
    )
    static let openDescriptors = MetricFamily("process_open_fds", .gauge, "Open descriptors.")
    static let maximumDescriptors = MetricFamily("process_max_fds", .gauge, "The limit on open descriptors.")
    static let startTime = MetricFamily(
        "process_start_time_seconds",
        .gauge,
        unit: "seconds",
        "When the process started, in seconds since 1970."
    )

    static let lostLogLines = MetricFamily(
        "postern_log_lines_lost",
        .counter,
        "Lines of the log that were dropped because nobody read them."
    )

    // The file store
    static let storeWritable = MetricFamily(
        "postern_store_writable",
        .gauge,
        "1 if the file store took the last write that was tried, 0 if not."
    )
    static let storeCommits = MetricFamily(
        "postern_store_commits",
        .counter,
        "Transactions that are on the disk; many grants may share one."
    )
    static let storeWaiting = MetricFamily(
        "postern_store_waiting_writes",
        .gauge,
        "Writes that wait for the next transaction."
    )
    static let storeReads = MetricFamily(
        "postern_store_read_seconds",
        .histogram,
        unit: "seconds",
        "How long reading of the file store took, waiting for its turn included."
    )

    // The funnel
    static let flowsStarted = MetricFamily(
        "postern_flows_started",
        .counter,
        labels: ["provider"],
        "Flows that left for Nylas; \"any\" where Nylas asks for the provider."
    )
    static let startsRefused = MetricFamily(
        "postern_flow_starts_refused",
        .counter,
        labels: ["reason"],
        "Starts that were refused."
    )
    static let callbacksRefused = MetricFamily(
        "postern_callbacks_refused",
        .counter,
        labels: ["rule"],
        "Callbacks that were refused before their code was used."
    )
    static let flowsAnswered = MetricFamily(
        "postern_flows_answered",
        .counter,
        labels: ["verdict"],
        "Flows by how they ended."
    )
    static let flowsReplayed = MetricFamily(
        "postern_flows_replayed",
        .counter,
        labels: ["verdict"],
        "Callbacks of flows that had ended: the same end was shown once more."
    )
    static let flowsParked = MetricFamily(
        "postern_flows_parked",
        .counter,
        "Callbacks that were sent on to your software to be confirmed."
    )
    static let flowsTurnedAway = MetricFamily(
        "postern_flows_turned_away",
        .counter,
        "Callbacks that came while as many flows were under way as are taken on."
    )
    static let flowsUnclear = MetricFamily(
        "postern_flows_unclear",
        .counter,
        "Flows whose exchange brought no answer, so that their end had to be found out."
    )
    static let flowsInHand = MetricFamily("postern_flows_in_hand", .gauge, labels: ["stage"], "Flows under way now.")
    static let disconnected = MetricFamily(
        "postern_disconnected",
        .counter,
        labels: ["remaining"],
        "Times when an owner, or whoever connected it openly, gave a mailbox up: others still have it, or nobody does."
    )
    static let revoked = MetricFamily(
        "postern_grants_revoked",
        .counter,
        "Grants that nobody had any more and that Nylas has deleted; behind the former, some are still to be deleted."
    )
    static let consents = MetricFamily(
        "postern_consents",
        .counter,
        labels: ["step"],
        "Administrators' consents: asked for, reported by a browser, verified by a grant, failed."
    )
    static let nylasFailures = MetricFamily(
        "postern_nylas_failures",
        .counter,
        labels: ["call", "failure"],
        "Calls to Nylas that brought nothing."
    )
    static let storeFailures = MetricFamily(
        "postern_flow_store_failures",
        .counter,
        labels: ["step"],
        "Steps of flows that the file store did not take."
    )

    // Webhooks
    static let webhookAttempts = MetricFamily(
        "postern_webhook_attempts",
        .counter,
        labels: ["target", "outcome"],
        "Attempts to deliver an event: delivered, to be retried, given up."
    )
    static let webhooksWaiting = MetricFamily(
        "postern_webhooks_waiting",
        .gauge,
        labels: ["target"],
        "Events that wait for their delivery, as of some seconds ago."
    )
    static let webhooksFailed = MetricFamily(
        "postern_webhooks_failed",
        .gauge,
        labels: ["target"],
        "Events that were given up and can be replayed."
    )
    static let webhookAge = MetricFamily(
        "postern_webhook_oldest_waiting_seconds",
        .gauge,
        unit: "seconds",
        labels: ["target"],
        "How long ago the oldest event happened that still waits; 0 if none does."
    )
    static let notifications = MetricFamily(
        "postern_notifications",
        .counter,
        labels: ["outcome"],
        "Nylas's notifications that were right: noted, or ignored and why."
    )
    static let notificationsRefused = MetricFamily(
        "postern_notifications_refused",
        .counter,
        labels: ["rule"],
        "Requests at the address for notifications that were refused."
    )
    static let notifiedGrants = MetricFamily(
        "postern_notified_grants",
        .counter,
        labels: ["outcome"],
        "Looks at grants that were notified: read (gone counts), or unread."
    )

    static let all = [
        build,
        connectionsOpen, connections, connectionsRefused, acceptFailures, handshakes, handshakeFailures,
        certificateRemaining, certificateReloads, certificateReloadFailures, certificatesRefused,
        requests, requestDuration, contentBytes, refusals,
        loopLag, loopLagNow, cpu, residentMemory, openDescriptors, maximumDescriptors, startTime, lostLogLines,
        storeWritable, storeCommits, storeWaiting, storeReads,
        flowsStarted, startsRefused, callbacksRefused, flowsAnswered, flowsReplayed, flowsParked, flowsTurnedAway,
        flowsUnclear, flowsInHand, disconnected, revoked, consents, nylasFailures, storeFailures,
        webhookAttempts, webhooksWaiting, webhooksFailed, webhookAge, notifications, notificationsRefused,
        notifiedGrants,
    ]
}

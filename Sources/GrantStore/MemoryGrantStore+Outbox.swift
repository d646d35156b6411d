package import Timekeeping

/// The outbox of a store in memory.
struct MemoryOutbox {
    struct Delivery {
        var kept: OutboxDelivery
        var holder: String?
    }

    private(set) var events: [OutboxEvent] = []
    private var deliveries: [Int64: [Delivery]] = [:]
    private var lastNumber: Int64 = 0
    /// Set by whatever makes a delivery due, cleared by who rings for it.
    var hasNews = false

    /// As ``Connection/tell(_:at:_:)``: whoever changes a grant calls this, once for each change.
    mutating func tell(_ policy: OutboxPolicy, at moment: Timestamp, _ news: () -> [OutboxNews]) {
        guard !policy.isSilent else { return }
        for item in news() { _ = append(item, for: policy.targets, id: policy.makeID(), at: moment) }
    }

    mutating func append(_ news: OutboxNews, for targets: [String], id: EventID, at moment: Timestamp) -> OutboxEvent {
        lastNumber += 1
        let event = OutboxEvent(
            id: id,
            number: lastNumber,
            type: news.type,
            at: moment,
            grantID: news.grantID,
            data: news.data
        )
        events.append(event)
        deliveries[lastNumber] = targets.sorted().map {
            Delivery(kept: OutboxDelivery(target: $0, standing: .waiting(until: moment)))
        }
        hasNews = true
        return event
    }

    func entry(_ event: OutboxEvent) -> OutboxEntry {
        OutboxEntry(event: event, deliveries: (deliveries[event.number] ?? []).map(\.kept))
    }

    /// Calls the body with every delivery.
    mutating func forEachDelivery(_ body: (OutboxEvent, inout Delivery) -> Void) {
        for event in events {
            for index in (deliveries[event.number] ?? []).indices {
                if var delivery = deliveries[event.number]?[index] {
                    body(event, &delivery)
                    deliveries[event.number]?[index] = delivery
                }
            }
        }
    }

    /// - Returns: how many deliveries were forgotten.
    mutating func forget(where isOver: (OutboxDelivery) -> Bool) -> Int {
        var count = 0
        for event in events {
            let kept = (deliveries[event.number] ?? []).filter { !isOver($0.kept) }
            count += (deliveries[event.number]?.count ?? 0) - kept.count
            deliveries[event.number] = kept.isEmpty ? nil : kept
        }
        events.removeAll { deliveries[$0.number] == nil }
        return count
    }
}

extension MemoryGrantStore {
    package func tell(_ news: OutboxNews, to targets: [String]?) async throws(StoreError) -> OutboxEvent? {
        let recipients = outbox.recipients(among: targets)
        guard !recipients.isEmpty else { return nil }
        let (now, id) = (wallClock.now(), outbox.makeID())
        return change { $0.outbox.append(news, for: recipients, id: id, at: now) }
    }

    package func takeDue(
        for target: String,
        limit: Int,
        lease: Lease,
        at now: Timestamp
    ) async throws(StoreError) -> [OutboxEntry] {
        change { contents in
            var due: [(until: Timestamp, number: Int64)] = []
            contents.outbox.forEachDelivery { event, delivery in
                guard case .waiting(let until) = delivery.kept.standing, delivery.kept.target == target, until <= now
                else { return }
                due.append((until, event.number))
            }
            let chosen = due.sorted { ($0.until, $0.number) < ($1.until, $1.number) }.prefix(limit).map(\.number)
            var taken: [OutboxEntry] = []
            contents.outbox.forEachDelivery { event, delivery in
                guard delivery.kept.target == target, chosen.contains(event.number) else { return }
                delivery.holder = lease.instance
                delivery.kept.standing = .waiting(until: lease.expiresAt)
                delivery.kept.attempts += 1
                delivery.kept.firstAttemptAt = delivery.kept.firstAttemptAt ?? now
                taken.append(OutboxEntry(event: event, deliveries: [delivery.kept]))
            }
            return chosen.compactMap { number in taken.first { $0.event.number == number } }
        }
    }

    package func settle(
        _ event: EventID,
        for target: String,
        as standing: OutboxDelivery.Standing,
        result: String,
        heldBy instance: String
    ) async throws(StoreError) -> Bool {
        change { contents in
            var isOurs = false
            contents.outbox.forEachDelivery { known, delivery in
                guard known.id == event, delivery.kept.target == target, delivery.holder == instance else { return }
                isOurs = true
                delivery.holder = nil
                delivery.kept.standing = standing
                delivery.kept.lastResult = result
            }
            return isOurs
        }
    }

    package func nextDue(for target: String) async throws(StoreError) -> Timestamp? {
        look { contents in
            contents.outbox.events.flatMap { contents.outbox.entry($0).deliveries }.compactMap { delivery in
                guard case .waiting(let until) = delivery.standing, delivery.target == target else { return nil }
                return until
            }.min()
        }
    }

    package func events(matching filter: OutboxFilter) async throws(StoreError) -> [OutboxEntry] {
        look { contents in
            let matching = contents.outbox.events.reversed().lazy.map(contents.outbox.entry).filter { entry in
                (filter.before.map { entry.event.number < $0 } ?? true)
                    && (filter.since.map { entry.event.at >= $0 } ?? true)
                    && (filter.grant == nil || entry.event.grantID == filter.grant)
                    && ((filter.state == nil && filter.target == nil)
                        || entry.deliveries.contains { delivery in
                            (filter.state == nil || delivery.state == filter.state)
                                && (filter.target == nil || delivery.target == filter.target)
                        })
            }
            return Array(matching.prefix(filter.boundedLimit))
        }
    }

    package func event(_ id: EventID) async throws(StoreError) -> OutboxEntry? {
        look { contents in contents.outbox.events.first { $0.id == id }.map(contents.outbox.entry) }
    }

    package func replay(_ selection: ReplaySelection) async throws(StoreError) -> Int {
        let now = wallClock.now()
        return change { contents in
            var count = 0
            contents.outbox.forEachDelivery { event, delivery in
                let isMeant =
                    switch selection.events {
                    case .one(let id): event.id == id && delivery.kept.state != .waiting
                    case .since(let moment, evenDelivered: false):
                        event.at >= moment && delivery.kept.state == .failed
                    case .since(let moment, evenDelivered: true):
                        event.at >= moment && delivery.kept.state != .waiting
                    }
                guard isMeant, selection.target == nil || selection.target == delivery.kept.target else { return }
                delivery.kept = OutboxDelivery(target: delivery.kept.target, standing: .waiting(until: now))
                count += 1
            }
            if count > 0 { contents.outbox.hasNews = true }
            return count
        }
    }

    package func purgeOutbox(
        deliveredBefore delivered: Timestamp,
        failedBefore failed: Timestamp
    ) async throws(StoreError) -> Int {
        change { contents in
            contents.outbox.forget { delivery in
                switch delivery.standing {
                case .delivered(let at): at < delivered
                case .failed(let at): at < failed
                case .waiting(let until): until < failed
                }
            }
        }
    }

    package func outboxBacklog() async throws(StoreError) -> [String: OutboxBacklog] {
        look { contents in
            var backlog: [String: OutboxBacklog] = [:]
            for event in contents.outbox.events {
                for delivery in contents.outbox.entry(event).deliveries where delivery.state != .delivered {
                    var known =
                        backlog[delivery.target] ?? OutboxBacklog(waiting: 0, failed: 0, oldestWaiting: nil)
                    if delivery.state == .failed {
                        known.failed += 1
                    } else {
                        known.waiting += 1
                        known.oldestWaiting = known.oldestWaiting ?? event.at
                    }
                    backlog[delivery.target] = known
                }
            }
            return backlog
        }
    }
}

extension OutboxDelivery {
    package var state: OutboxFilter.State {
        switch standing {
        case .waiting: .waiting
        case .delivered: .delivered
        case .failed: .failed
        }
    }
}

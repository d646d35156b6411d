extension Doctor {
    func examineWebhooks() -> [Finding] {
        var findings: [Finding] = []
        let names = configuration.webhookTargets.map(\.name)
        if names.isEmpty {
            findings.append(Finding("webhooks.targets", .ok, "none: nobody is told of what happens to grants"))
        } else {
            findings.append(Finding("webhooks.targets", .ok, names.joined(separator: ", ")))
        }
        let rotated = configuration.webhookTargets.filter { $0.keys.count > 1 }.map(\.name)
        if !rotated.isEmpty {
            findings.append(
                Finding(
                    "webhooks.targets",
                    .warning,
                    "\(rotated.joined(separator: ", ")): more than one secret signs",
                    advice:
                        "Fine while one is changed for another. Take the old one away once the receiver has the new one."
                )
            )
        }
        switch configuration.notificationKeys {
        case nil:
            findings.append(
                Finding("nylas.webhooks", .ok, "off: an expired grant is noticed only when somebody looks")
            )
        case let keys? where keys.isEmpty:
            findings.append(
                Finding(
                    "nylas.webhooks",
                    .warning,
                    "the challenge is answered, but there is no secret: notifications are turned away",
                    advice: "Create the webhook at Nylas and set NYLAS_WEBHOOK_SECRET to the secret it answers."
                )
            )
        case _?:
            findings.append(Finding("nylas.webhooks", .ok, "notifications are received at /webhooks/nylas"))
        }
        return findings
    }
}

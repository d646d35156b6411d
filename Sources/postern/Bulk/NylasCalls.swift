import ConnectApp
import Nylas

/// For commands that ask Nylas something and end.
enum NylasCalls {
    static func with<Result: Sendable>(
        _ options: ConfigurationOptions,
        _ body: (NylasClient, ConnectConfiguration) async throws(CommandFailure) -> Result
    ) async throws(CommandFailure) -> Result {
        let configuration = try options.read()
        let result: Swift.Result<Result, CommandFailure> = try await Outbound.with(configuration) { exchange in
            let client = NylasClient(application: configuration.nylas, exchange: exchange)
            do throws(CommandFailure) {
                return .success(try await body(client, configuration))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// One call, its error as a sentence.
    static func ask<Answer>(
        _ body: () async throws(NylasError) -> Answer
    ) async throws(CommandFailure) -> Answer {
        do {
            return try await body()
        } catch {
            throw CommandFailure(message: "Nylas: \(error.sentence)")
        }
    }
}

extension NylasError {
    /// What a person at the command line is told.
    var sentence: String {
        switch self {
        case .notSent(let cause): "it cannot be reached (\(cause)). Nothing was done."
        case .noAnswer(let cause): "no answer (\(cause)). It may have been done all the same: look before trying again."
        case .failed(let fault): "it failed (\(fault.summary)). It may have been done all the same: look first."
        case .unreadable(let status): "its answer (status \(status)) cannot be read. It may have been done: look first."
        case .refused(let fault): "it was refused (\(fault.summary))."
        case .unauthorized: "the API key was not taken. Is it of this application and region? (postern check)"
        case .notFound: "there is none of that name."
        case .rateLimited: "too many requests at the moment. Try again in a minute."
        }
    }
}

extension HTTPViolation {
    /// The rule alone, without the limit's number: a closed set with a name for logs and metrics each.
    package enum Rule: String, Hashable, Sendable, CaseIterable {
        case malformedRequestLine = "malformed_request_line"
        case invalidMethod = "invalid_method"
        case invalidRequestTarget = "invalid_request_target"
        case requestLineTooLong = "request_line_too_long"
        case unsupportedVersion = "unsupported_version"
        case connectNotSupported = "connect_not_supported"
        case malformedStatusLine = "malformed_status_line"
        case bareLineTerminator = "bare_line_terminator"
        case controlCharacter = "control_character"
        case missingColon = "missing_colon"
        case invalidFieldName = "invalid_field_name"
        case whitespaceBeforeColon = "whitespace_before_colon"
        case obsoleteLineFolding = "obsolete_line_folding"
        case fieldTooLarge = "field_too_large"
        case fieldSectionTooLarge = "field_section_too_large"
        case tooManyFields = "too_many_fields"
        case missingHost = "missing_host"
        case repeatedHost = "repeated_host"
        case invalidHost = "invalid_host"
        case hostDisagreesWithTarget = "host_disagrees_with_target"
        case repeatedContentLength = "repeated_content_length"
        case invalidContentLength = "invalid_content_length"
        case repeatedTransferEncoding = "repeated_transfer_encoding"
        case unsupportedTransferCoding = "unsupported_transfer_coding"
        case invalidTransferEncoding = "invalid_transfer_encoding"
        case transferEncodingInHTTP10 = "transfer_encoding_in_http10"
        case conflictingFraming = "conflicting_framing"
        case unsupportedExpectation = "unsupported_expectation"
        case contentTooLarge = "content_too_large"
        case invalidChunkSize = "invalid_chunk_size"
        case invalidChunkExtension = "invalid_chunk_extension"
        case chunkExtensionsTooLarge = "chunk_extensions_too_large"
        case unterminatedChunk = "unterminated_chunk"
        case incompleteMessage = "incomplete_message"
        case unexpectedUpgrade = "unexpected_upgrade"
        case tooManyInterimResponses = "too_many_interim_responses"
        case unexpectedResponse = "unexpected_response"
    }

    package var rule: Rule {
        switch self {
        case .malformedRequestLine: .malformedRequestLine
        case .invalidMethod: .invalidMethod
        case .invalidRequestTarget: .invalidRequestTarget
        case .requestLineTooLong: .requestLineTooLong
        case .unsupportedVersion: .unsupportedVersion
        case .connectNotSupported: .connectNotSupported
        case .malformedStatusLine: .malformedStatusLine
        case .bareLineTerminator: .bareLineTerminator
        case .controlCharacter: .controlCharacter
        case .missingColon: .missingColon
        case .invalidFieldName: .invalidFieldName
        case .whitespaceBeforeColon: .whitespaceBeforeColon
        case .obsoleteLineFolding: .obsoleteLineFolding
        case .fieldTooLarge: .fieldTooLarge
        case .fieldSectionTooLarge: .fieldSectionTooLarge
        case .tooManyFields: .tooManyFields
        case .missingHost: .missingHost
        case .repeatedHost: .repeatedHost
        case .invalidHost: .invalidHost
        case .hostDisagreesWithTarget: .hostDisagreesWithTarget
        case .repeatedContentLength: .repeatedContentLength
        case .invalidContentLength: .invalidContentLength
        case .repeatedTransferEncoding: .repeatedTransferEncoding
        case .unsupportedTransferCoding: .unsupportedTransferCoding
        case .invalidTransferEncoding: .invalidTransferEncoding
        case .transferEncodingInHTTP10: .transferEncodingInHTTP10
        case .conflictingFraming: .conflictingFraming
        case .unsupportedExpectation: .unsupportedExpectation
        case .contentTooLarge: .contentTooLarge
        case .invalidChunkSize: .invalidChunkSize
        case .invalidChunkExtension: .invalidChunkExtension
        case .chunkExtensionsTooLarge: .chunkExtensionsTooLarge
        case .unterminatedChunk: .unterminatedChunk
        case .incompleteMessage: .incompleteMessage
        case .unexpectedUpgrade: .unexpectedUpgrade
        case .tooManyInterimResponses: .tooManyInterimResponses
        case .unexpectedResponse: .unexpectedResponse
        }
    }
}

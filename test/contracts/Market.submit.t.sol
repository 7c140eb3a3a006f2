// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Terms} from "../../contracts/libraries/Terms.sol";
import {RequestBuilder, RulesBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

contract MarketSubmitTest is MarketFixture {
    using RequestBuilder for Request;
    using RulesBuilder for Rules;

    function test_submit_LocksTheFeeAndFixesTheRound() public sound {
        uint256 before = balanceOf(requester);
        Workload memory w = submit(aRequest().withSlots(3).withRescue(75));

        assertEq(balanceOf(requester), before - FEE, "balance");
        WorkloadState memory state = market.workloadOf(w.id);
        assertEq(uint256(state.phase), uint256(Phase.Pending), "phase");
        assertEq(uint256(state.outcome), uint256(Outcome.None), "outcome");
        assertEq(state.fee, FEE, "fee");
        assertEq(state.redundancy, 3, "redundancy");
        assertEq(state.round, beacon.nextRound(), "round");
        assertEq(state.epoch, registry.currentEpoch(), "epoch");
        assertEq(state.startedAt + state.deadline + state.commits + state.cancelRequestedAt, 0, "nothing else yet");
        (, uint256 nonce, ) = market.accountOf(requester);
        assertEq(nonce, 1, "nonce");
    }

    function test_submit_EmitsTheSpec() public sound {
        // The first account to submit gets number 1; class 1, rules 1, nonce 0.
        uint256 terms = FEE | (RUN_TIME << 80) | (1 << 104) | (60 << 112) | (1 << 120) | (1 << 128) | (1 << (144 + 32));
        Request memory request = aRequest();
        Spec memory spec = Spec({
            program: program,
            inputs: request.inputs,
            publicInputs: request.publicInputs,
            deliveryKey: request.deliveryKey,
            terms: terms,
            requester: requester
        });
        bytes32 id = keccak256(abi.encode(block.chainid, address(market), spec));
        assertEq(market.idOf(spec), id, "id of the spec");
        vm.expectEmit(address(market));
        emit Submitted(
            id,
            requester,
            program,
            request.inputs,
            request.publicInputs,
            request.deliveryKey,
            terms,
            request.inputsUri
        );
        vm.prank(requester);
        assertEq(market.submit(request), id, "id");
    }

    function test_submit_GivesRequestersOwnNumbersSoThatIdsNeverCollide() public sound {
        fund(alice, FEE * 2);
        Workload memory first = submit(aRequest());
        Request memory same = aRequest().withNonce(0);
        Workload memory second = submitAs(alice, same);
        assertTrue(first.id != second.id, "same request, other requester");
        assertEq(first.spec.terms >> 144, uint256(1) << 32, "tag of the first requester");
        assertEq(second.spec.terms >> 144, uint256(2) << 32, "tag of the second requester");

        // Even a spec that claims another's terms is another workload, because the requester is part of it.
        Spec memory stolen = first.spec;
        stolen.requester = alice;
        assertEq(uint256(market.workloadOf(market.idOf(stolen)).phase), uint256(Phase.None), "no such workload");
    }

    function test_submit_SameRequestTwiceIsTwoWorkloads() public sound {
        Workload memory first = submit(aRequest());
        Workload memory second = submit(aRequest());
        assertTrue(first.id != second.id, "the nonce tells them apart");
    }

    function test_submit_RevertWhen_SentTwice() public sound {
        Request memory request = aRequest();
        submit(request);
        vm.expectRevert(abi.encodeWithSelector(WrongNonce.selector, 0, 1));
        vm.prank(requester);
        market.submit(request);
    }

    function test_submit_RevertWhen_NonceAhead() public sound {
        Request memory request = aRequest().withNonce(7);
        vm.expectRevert(abi.encodeWithSelector(WrongNonce.selector, 7, 0));
        vm.prank(requester);
        market.submit(request);
    }

    function test_submit_RevertWhen_BalanceTooLow() public sound {
        Request memory request = aRequest().withNonce(0);
        vm.expectRevert(abi.encodeWithSelector(InsufficientBalance.selector, 0, FEE));
        vm.prank(alice);
        market.submit(request);
    }

    function test_submit_RevertWhen_BalanceIsOneShort() public sound {
        fund(alice, FEE - 1);
        Request memory request = aRequest().withNonce(0);
        vm.expectRevert(abi.encodeWithSelector(InsufficientBalance.selector, FEE - 1, FEE));
        vm.prank(alice);
        market.submit(request);
    }

    function test_submit_RevertWhen_ProgramUnknown() public sound {
        Request memory request = aRequest().withProgram(bytes32("unknown"));
        vm.expectRevert(abi.encodeWithSelector(UnknownProgram.selector, bytes32("unknown")));
        vm.prank(requester);
        market.submit(request);
    }

    function test_submit_RevertWhen_ClassTakesNone() public sound {
        Program memory p = aProgram(verifier, false);
        p.class = 2;
        Request memory request = aRequest().withProgram(market.deployProgram(p, ""));
        vm.expectRevert(abi.encodeWithSelector(ClassClosed.selector, 2));
        vm.prank(requester);
        market.submit(request);
    }

    function test_submit_RevertWhen_ClassClosedAgain() public sound {
        Request memory request = aRequest();
        vm.prank(owner);
        market.setClassTerms(CLASS, ClassTerms(0, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(ClassClosed.selector, CLASS));
        vm.prank(requester);
        market.submit(request);
    }

    function test_submit_RevertWhen_SlotsZero() public sound {
        _expectInvalid(aRequest().withSlots(0), "redundancy", 0, 1, 8);
    }

    function test_submit_RevertWhen_SlotsAboveEight() public sound {
        _expectInvalid(aRequest().withSlots(9), "redundancy", 9, 1, 8);
    }

    function test_submit_RevertWhen_RunTimeZero() public sound {
        _expectInvalid(aRequest().withRunTime(0), "maxRunTime", 0, RESPONSE, 1 days);
    }

    /// @dev Attack: workloads too short to be answered, which would use up the quotas and streaks of whoever is drawn.
    function test_submit_RevertWhen_RunTimeBelowTheResponseWindow() public sound {
        _expectInvalid(aRequest().withRunTime(RESPONSE - 1), "maxRunTime", RESPONSE - 1, RESPONSE, 1 days);
    }

    function test_submit_RevertWhen_RunTimeZeroAndNoResponseWindow() public sound {
        useRules(someRules().withResponse(0));
        _expectInvalid(aRequest().withRunTime(0), "maxRunTime", 0, 1, 1 days);
        submit(aRequest().withRunTime(1));
    }

    function test_submit_RevertWhen_RunTimeAboveADay() public sound {
        _expectInvalid(
            aRequest().withRunTime(1 days + 1).withFee(100 ether),
            "maxRunTime",
            1 days + 1,
            RESPONSE,
            1 days
        );
    }

    function test_submit_RevertWhen_RescueBelowHalf() public sound {
        _expectInvalid(aRequest().withRescue(49), "rescue", 49, 50, 100);
    }

    function test_submit_RevertWhen_RescueAboveTheWhole() public sound {
        _expectInvalid(aRequest().withRescue(101), "rescue", 101, 50, 100);
    }

    function test_submit_RevertWhen_FeeAboveItsField() public sound {
        fund(requester, 2 ** 80);
        _expectInvalid(aRequest().withFee(2 ** 80), "fee", 2 ** 80, 0, 2 ** 80 - 1);
    }

    function test_submit_AllowsEveryBound() public sound {
        fund(requester, 2 ** 80);
        submit(aRequest().withSlots(8).withRunTime(1 days).withRescue(100).withFee(2 ** 80 - 1));
        submit(aRequest().withSlots(1).withRunTime(RESPONSE).withRescue(50).withFee(MINIMUM_FEE));
    }

    function test_submit_RevertWhen_FeeBelowTheMinimum() public sound {
        uint256 minimum = MINIMUM_FEE * 3;
        Request memory request = aRequest().withSlots(3).withRunTime(RESPONSE).withFee(minimum - 1);
        vm.expectRevert(abi.encodeWithSelector(FeeTooLow.selector, minimum - 1, minimum));
        vm.prank(requester);
        market.submit(request);
    }

    function test_submit_RevertWhen_FeeBelowTheRate() public sound {
        uint256 minimum = MINIMUM_RATE * 10_000 * 3;
        Request memory request = aRequest().withSlots(3).withRunTime(10_000).withFee(minimum - 1);
        vm.expectRevert(abi.encodeWithSelector(FeeTooLow.selector, minimum - 1, minimum));
        vm.prank(requester);
        market.submit(request);
    }

    function testFuzz_submit_KeepsEveryTerm(uint256 fee, uint256 runTime, uint256 slots, uint256 rescue) public sound {
        slots = bound(slots, 1, 8);
        runTime = bound(runTime, RESPONSE, 1 days);
        rescue = bound(rescue, 50, 100);
        uint256 minimum = MINIMUM_RATE * runTime < MINIMUM_FEE ? MINIMUM_FEE : MINIMUM_RATE * runTime;
        fee = bound(fee, minimum * slots, 2 ** 80 - 1);
        fund(requester, fee);
        Workload memory w = submit(aRequest().withSlots(slots).withRunTime(runTime).withRescue(rescue).withFee(fee));
        Terms terms = Terms.wrap(w.spec.terms);
        assertEq(terms.fee(), fee, "fee");
        assertEq(terms.maxRunTime(), runTime, "run time");
        assertEq(terms.redundancy(), slots, "redundancy");
        assertEq(uint8(w.spec.terms >> 112), rescue, "rescue");
        assertEq(terms.class(), CLASS, "class");
        assertEq(terms.rules(), 1, "rules");
        assertEq(market.idOf(w.spec), w.id, "the event is the spec");
        assertEq(market.workloadOf(w.id).fee, fee, "fee held");
    }

    function test_submit_TakesTheNextNonceOnRequest() public sound {
        Request memory request = aRequest();
        request.nonce = type(uint256).max;
        vm.prank(requester);
        bytes32 first = market.submit(request);
        vm.prank(requester);
        bytes32 second = market.submit(request);
        assertTrue(first != second, "two workloads");
        (, uint256 nonce, ) = market.accountOf(requester);
        assertEq(nonce, 2, "two nonces");
        request.nonce = 2;
        assertTrue(submit(request).id != second, "the next by its number");
    }

    function test_submitMany_RevertWhen_NoncesAreNotNamed() public sound {
        Request[] memory requests = new Request[](2);
        (requests[0], requests[1]) = (aRequest(), aRequest());
        (requests[0].nonce, requests[1].nonce) = (type(uint256).max, 0);
        vm.expectRevert(
            abi.encodeWithSelector(InvalidTerms.selector, bytes32("nonce"), type(uint256).max, 0, type(uint256).max - 1)
        );
        vm.prank(requester);
        market.submitMany(requests);
    }

    function test_submitMany_SubmitsAll() public sound {
        Request[] memory requests = new Request[](3);
        for (uint256 i; i < 3; ++i) requests[i] = aRequest().withNonce(i).withFee(FEE + i);
        uint256 before = balanceOf(requester);
        // The books must know the workloads, so they are submitted once more one by one after a look at the batch.
        uint256 saved = snapshot();
        vm.prank(requester);
        bytes32[] memory ids = market.submitMany(requests);
        assertEq(balanceOf(requester), before - 3 * FEE - 3, "all fees are locked");
        for (uint256 i; i < 3; ++i) assertEq(market.workloadOf(ids[i]).fee, FEE + i, "fee");
        restore(saved);
        for (uint256 i; i < 3; ++i) assertEq(submit(requests[i]).id, ids[i], "same id as one by one");
    }

    function test_submitMany_RevertWhen_Empty() public sound {
        vm.expectRevert(abi.encodeWithSelector(InvalidTerms.selector, bytes32("requests"), 0, 1, type(uint256).max));
        vm.prank(requester);
        market.submitMany(new Request[](0));
    }

    function test_submitMany_RevertWhen_NoncesDoNotFollow() public sound {
        Request[] memory requests = new Request[](2);
        requests[0] = aRequest();
        requests[1] = aRequest();
        vm.expectRevert(abi.encodeWithSelector(WrongNonce.selector, 0, 1));
        vm.prank(requester);
        market.submitMany(requests);
    }

    function test_submitMany_RevertWhen_FirstNonceIsWrong() public sound {
        Request[] memory requests = new Request[](1);
        requests[0] = aRequest().withNonce(1);
        vm.expectRevert(abi.encodeWithSelector(WrongNonce.selector, 1, 0));
        vm.prank(requester);
        market.submitMany(requests);
    }

    function test_submitMany_RevertWhen_TheSumIsTooMuch() public sound {
        Request[] memory requests = new Request[](2);
        for (uint256 i; i < 2; ++i) requests[i] = aRequest().withNonce(i).withFee(600 ether);
        vm.expectRevert(abi.encodeWithSelector(InsufficientBalance.selector, 1000 ether, 1200 ether));
        vm.prank(requester);
        market.submitMany(requests);
    }

    function test_submitMany_RevertWhen_OneIsInvalid() public sound {
        Request[] memory requests = new Request[](2);
        for (uint256 i; i < 2; ++i) requests[i] = aRequest().withNonce(i);
        requests[1].redundancy = 0;
        vm.expectRevert(abi.encodeWithSelector(InvalidTerms.selector, bytes32("redundancy"), 0, 1, 8));
        vm.prank(requester);
        market.submitMany(requests);
    }

    function _expectInvalid(Request memory request, bytes32 what, uint256 have, uint256 least, uint256 most) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidTerms.selector, what, have, least, most));
        vm.prank(requester);
        market.submit(request);
    }
}
